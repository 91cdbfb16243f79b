#include "roles/purge/purge_config.h"

#include <gmock/gmock.h>

namespace farm::roles {
namespace {

using ::testing::HasSubstr;

Result<PurgeConfig> parse(std::string_view text) {
  FARM_TRY(auto document, config::Document::parse(text, "test.toml"));
  PurgeConfig config;
  read_config(document.root().table("purge"), config);
  FARM_TRY(document.finish());
  return config;
}

TEST(PurgeConfigTest, HasDefaults) {
  const PurgeConfig config = parse("").value();
  EXPECT_TRUE(config.edges.empty() && config.from.empty());
  EXPECT_EQ(config.poll, std::chrono::seconds(5));
  EXPECT_EQ(config.wait, std::chrono::seconds(1));
  EXPECT_EQ(config.log_options().max_purges, 262'144U);
  EXPECT_EQ(config.log_options().max_value_bytes, 64U << 20);
}

TEST(PurgeConfigTest, ReadsEveryKey) {
  const PurgeConfig config = parse(R"([purge]
    edges = [{ url = "http://edge1:8080/", key_file = "/etc/edge1.key" },
             { url = "http://10.0.0.2:8080", key = "secret" }]
    from = [{ url = "http://origin", key = "other" }]
    poll = "500ms"
    wait = "2s"
    timeout = "3s"
    retry_max = "1m"
    log_entries = 5000
    log_size = "2MiB"
    receipts = 10
  )")
                                 .value();
  ASSERT_EQ(config.edges.size(), 2U);
  EXPECT_EQ(config.edges[0].url, "http://edge1:8080");
  EXPECT_EQ(config.edges[0].key_file, "/etc/edge1.key");
  EXPECT_EQ(config.edges[1].key, "secret");
  EXPECT_EQ(config.from.at(0).url, "http://origin");
  EXPECT_EQ(config.poll, std::chrono::milliseconds(500));
  EXPECT_EQ(config.wait, std::chrono::seconds(2));
  EXPECT_EQ(config.timeout, std::chrono::seconds(3));
  EXPECT_EQ(config.retry_max, std::chrono::minutes(1));
  EXPECT_EQ(config.log_options().max_purges, 5000U);
  EXPECT_EQ(config.log_options().max_value_bytes, 2U << 20);
  EXPECT_EQ(config.receipts, 10U);
}

TEST(PurgeConfigTest, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) { return parse(text).error().context; };
  EXPECT_THAT(why("[purge]\nedges = [{ url = \"https://x\", key = \"k\" }]"), HasSubstr("http://"));
  EXPECT_THAT(why("[purge]\nedges = [{ url = \"http://x/y\", key = \"k\" }]"),
              HasSubstr("http://HOST:PORT"));
  EXPECT_THAT(why("[purge]\nfrom = [{ url = \"http://x\" }]"), HasSubstr("key_file or key"));
  EXPECT_THAT(why("[purge]\nfrom = [{ url = \"http://x\", key = \"k\", key_file = \"f\" }]"),
              HasSubstr("key_file or key"));
  EXPECT_THAT(why("[purge]\nedges = [{ url = \"http://x\", key = \"k\", pass = 1 }]"),
              HasSubstr("pass"));
}

}  // namespace
}  // namespace farm::roles
