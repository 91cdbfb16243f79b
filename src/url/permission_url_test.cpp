#include "url/permission_url.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace farm::url {
namespace {

using photo::Format;
using photo::SizeCode;

const std::string kSecret = "0123456789abcdef0123";

PermissionUrl url_of(SizeCode code, Format format) {
  return {.server = 1,
          .id = {714859384938496},
          .secret = *photo::Secret::parse(kSecret),
          .code = code,
          .format = format};
}

TEST(PermissionUrlTest, HasOneFormForEachSize) {
  const std::string stem = "/1/714859384938496_" + kSecret;
  EXPECT_EQ(format_permission_url(url_of(SizeCode::kMedium, Format::kJpeg)), stem + ".jpg");
  EXPECT_EQ(format_permission_url(url_of(SizeCode::kSquare, Format::kJpeg)), stem + "_s.jpg");
  EXPECT_EQ(format_permission_url(url_of(SizeCode::kLarge2048, Format::kJpeg)), stem + "_k.jpg");
  EXPECT_EQ(format_permission_url(url_of(SizeCode::kOriginal, Format::kTiff)), stem + "_o.tiff");
}

TEST(PermissionUrlTest, EverySizeAndFormatComesBack) {
  for (const photo::SizeSpec& spec : photo::kSizes) {
    for (std::uint8_t number = 1; photo::format_from_number(number); ++number) {
      const Format format = *photo::format_from_number(number);
      const std::string path = format_permission_url(url_of(spec.code, format));
      const auto back = parse_permission_url(path);
      const bool allowed = spec.code == SizeCode::kOriginal || format == Format::kJpeg ||
                           format == Format::kWebp || format == Format::kAvif;
      ASSERT_EQ(back.has_value(), allowed) << path;
      if (!back) continue;
      EXPECT_EQ(back->server, 1) << path;
      EXPECT_EQ(back->id.value, 714859384938496U) << path;
      EXPECT_EQ(back->secret.str(), kSecret) << path;
      EXPECT_EQ(back->code, spec.code) << path;
      EXPECT_EQ(back->format, format) << path;
      EXPECT_EQ(format_permission_url(*back), path);
    }
  }
}

TEST(PermissionUrlTest, ASizeMayBeLeftToWhatTheClientTakes) {
  for (const photo::SizeSpec& spec : photo::kSizes) {
    PermissionUrl url = url_of(spec.code, Format::kJpeg);
    url.negotiated = true;
    const std::string path = format_permission_url(url);
    EXPECT_TRUE(path.ends_with(".auto")) << path;
    const auto back = parse_permission_url(path);
    ASSERT_EQ(back.has_value(), spec.code != SizeCode::kOriginal) << path;
    if (!back) continue;
    EXPECT_TRUE(back->negotiated);
    EXPECT_EQ(back->code, spec.code);
    EXPECT_EQ(format_permission_url(*back), path);
  }
}

TEST(PermissionUrlTest, TakesTheLeastAndTheGreatestNumbers) {
  const auto least = parse_permission_url("/0/1_" + kSecret + ".jpg");
  ASSERT_TRUE(least);
  EXPECT_EQ(least->server, 0);
  EXPECT_EQ(least->id.value, 1U);
  const auto greatest = parse_permission_url("/1023/9223372036854775807_" + kSecret + ".jpg");
  ASSERT_TRUE(greatest);
  EXPECT_EQ(greatest->server, kMaxServerId);
  EXPECT_EQ(greatest->id.value, (1ULL << 63) - 1);
}

struct Refused {
  const char* why;
  std::string path;
};

class PermissionUrlRefuses : public testing::TestWithParam<Refused> {};

TEST_P(PermissionUrlRefuses, It) {
  EXPECT_FALSE(parse_permission_url(GetParam().path)) << GetParam().path;
}

std::vector<Refused> servers_and_ids() {
  const std::string rest = "_" + kSecret + ".jpg";
  return {
      {"no_leading_slash", "1/42" + rest},
      {"two_leading_slashes", "//1/42" + rest},
      {"no_server", "/42" + rest},
      {"empty_server", "//42" + rest},
      {"server_with_leading_zero", "/01/42" + rest},
      {"server_with_sign", "/+1/42" + rest},
      {"negative_server", "/-1/42" + rest},
      {"server_too_great", "/1024/42" + rest},
      {"server_of_many_digits", "/00000000001/42" + rest},
      {"server_over_16_bits", "/65537/42" + rest},
      {"server_in_hex", "/0x1/42" + rest},
      {"server_with_space", "/1 /42" + rest},
      {"empty_id", "/1/" + rest},
      {"id_zero", "/1/0" + rest},
      {"id_with_leading_zero", "/1/042" + rest},
      {"id_with_sign", "/1/+42" + rest},
      {"negative_id", "/1/-42" + rest},
      {"id_over_63_bits", "/1/9223372036854775808" + rest},
      {"id_over_64_bits", "/1/18446744073709551617" + rest},
      {"id_in_hex", "/1/2a" + rest},
      {"more_folders", "/1/1/42" + rest},
      {"dot_segments", "/1/../1/42" + rest},
      {"single_dot_segment", "/1/./42" + rest},
      {"trailing_slash", "/1/42" + rest + "/"},
  };
}

std::vector<Refused> secrets() {
  const std::string stem = "/1/42";
  return {
      {"no_secret", stem + ".jpg"},
      {"empty_secret", stem + "_.jpg"},
      {"short_secret", stem + "_" + kSecret.substr(1) + ".jpg"},
      {"long_secret", stem + "_" + kSecret + "0.jpg"},
      {"upper_case_secret", stem + "_0123456789ABCDEF0123.jpg"},
      {"secret_that_is_no_hex", stem + "_0123456789abcdefg123.jpg"},
      {"secret_with_nul", stem + "_" + std::string("0123456789abcdef01\0003", 20) + ".jpg"},
      {"another_separator", stem + "-" + kSecret + ".jpg"},
      {"percent_escaped_separator", stem + "%5f" + kSecret + ".jpg"},
      {"percent_escaped_digit", stem + "_%30123456789abcdef012.jpg"},
  };
}

std::vector<Refused> codes_and_extensions() {
  const std::string stem = "/1/42_" + kSecret;
  return {
      {"no_extension", stem},
      {"only_a_dot", stem + "."},
      {"empty_code", stem + "_.jpg"},
      {"unknown_code", stem + "_x.jpg"},
      {"upper_case_code", stem + "_S.jpg"},
      {"second_form_of_medium", stem + "_-.jpg"},
      {"code_of_two_letters", stem + "_sq.jpg"},
      {"two_codes", stem + "_s_b.jpg"},
      {"code_without_separator", stem + "s.jpg"},
      {"unknown_extension", stem + ".jpx"},
      {"long_form_of_the_extension", stem + ".jpeg"},
      {"upper_case_extension", stem + ".JPG"},
      {"size_as_png", stem + "_s.png"},
      {"size_as_gif", stem + "_b.gif"},
      {"original_left_to_the_client", stem + "_o.auto"},
      {"upper_case_auto", stem + ".AUTO"},
      {"two_extensions", stem + ".jpg.jpg"},
      {"query", stem + ".jpg?x=1"},
      {"empty_query", stem + ".jpg?"},
      {"fragment", stem + ".jpg#x"},
      {"path_parameter", stem + ".jpg;x"},
      {"trailing_space", stem + ".jpg "},
      {"trailing_nul", stem + ".jpg" + std::string(1, '\0')},
      {"percent_escaped_dot", stem + "%2ejpg"},
      {"nothing", ""},
      {"root", "/"},
      {"api_path", "/v1/photos/42"},
  };
}

std::string name_of(const testing::TestParamInfo<Refused>& info) { return info.param.why; }

INSTANTIATE_TEST_SUITE_P(ServersAndIds, PermissionUrlRefuses, testing::ValuesIn(servers_and_ids()),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Secrets, PermissionUrlRefuses, testing::ValuesIn(secrets()), name_of);
INSTANTIATE_TEST_SUITE_P(CodesAndExtensions, PermissionUrlRefuses,
                         testing::ValuesIn(codes_and_extensions()), name_of);

// True if `path` is no URL, or one that is written in just this way.
bool has_one_form(const std::string& path) {
  const auto parsed = parse_permission_url(path);
  return !parsed || format_permission_url(*parsed) == path;
}

TEST(PermissionUrlTest, NoCharacterMoreOrLessOrOtherMeansTheSame) {
  const std::string path = format_permission_url(url_of(SizeCode::kSquare, Format::kJpeg));
  for (std::size_t at = 0; at < path.size(); ++at) {
    EXPECT_TRUE(has_one_form(std::string(path).erase(at, 1))) << at;
    for (int c = 0; c < 256; ++c) {
      std::string changed = path;
      changed[at] = static_cast<char>(c);
      EXPECT_TRUE(has_one_form(changed)) << changed;
      EXPECT_TRUE(has_one_form(std::string(path).insert(at, 1, static_cast<char>(c)))) << c;
    }
  }
}

}  // namespace
}  // namespace farm::url
