// What responses are made of: head lines, problem bodies, the table of endpoints.
#include <gtest/gtest.h>

#include <string>

#include "net/endpoints.h"
#include "net/problem.h"
#include "net/response_head.h"

namespace farm::net {
namespace {

using namespace std::string_literals;

TEST(ResponseHead, IsWrittenLineByLine) {
  ResponseHead head;
  EXPECT_FALSE(head.started());
  head.start(206);
  head.add("A", "b");
  head.add("Content-Length", std::uint64_t{18446744073709551615U});
  head.add_lines("C: d\r\nE: f\r\n");
  head.finish();
  EXPECT_EQ(head.text(),
            "HTTP/1.1 206 Partial Content\r\nA: b\r\nContent-Length: 18446744073709551615\r\n"
            "C: d\r\nE: f\r\n\r\n");
  EXPECT_EQ(head.status(), 206);
  EXPECT_FALSE(head.overflow());
}

TEST(ResponseHead, StartsAnew) {
  ResponseHead head;
  head.start(200);
  head.add("A", std::string(ResponseHead::kCapacity, 'x'));
  EXPECT_TRUE(head.overflow());
  head.start(404);
  head.finish();
  EXPECT_FALSE(head.overflow());
  EXPECT_EQ(head.text(), "HTTP/1.1 404 Not Found\r\n\r\n");
  head.clear();
  EXPECT_FALSE(head.started());
  EXPECT_EQ(head.text(), "");
}

TEST(ResponseHead, TellsWhenItIsFull) {
  ResponseHead head;
  head.start(200);
  const std::size_t room = ResponseHead::kCapacity - head.text().size() - 2;
  head.add_lines(std::string(room, 'x'));
  head.finish();
  EXPECT_FALSE(head.overflow());
  EXPECT_EQ(head.text().size(), ResponseHead::kCapacity);
  head.add_lines("x");
  EXPECT_TRUE(head.overflow());
}

TEST(Problem, IsJson) {
  EXPECT_EQ(problem_json(404, "no photo \"x\""),
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
            "\"detail\":\"no photo \\\"x\\\"\"}\n");
}

TEST(Problem, JsonStringsAreEscaped) {
  EXPECT_EQ(json_string(""), "\"\"");
  EXPECT_EQ(json_string("a\"\\/\n\r\t\b\f\x1f\x7f"),
            "\"a\\\"\\\\/\\n\\r\\t\\u0008\\u000c\\u001f\x7f\"");
  EXPECT_EQ(json_string("\0"s), "\"\\u0000\"");
}

TEST(Problem, Utf8StaysAndWhatIsNoneIsReplaced) {
  for (const std::string good : {"\xC3\xA9", "\xE2\x82\xAC", "\xED\x9F\xBF", "\xEE\x80\x80",
                                 "\xEF\xBF\xBF", "\xF0\x9F\x93\xB7", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(json_string("<" + good + ">"), "\"<" + good + ">\"");
  }
  const std::string bad = "\\ufffd";
  EXPECT_EQ(json_string("\x80"), "\"" + bad + "\"");
  EXPECT_EQ(json_string("\xC3"), "\"" + bad + "\"") << "cut short";
  EXPECT_EQ(json_string("\xC3z"), "\"" + bad + "z\"");
  EXPECT_EQ(json_string("\xE2\x82"), "\"" + bad + bad + "\"");
  EXPECT_EQ(json_string("\xC0\xAF"), "\"" + bad + bad + "\"") << "overlong";
  EXPECT_EQ(json_string("\xE0\x9F\xBF"), "\"" + bad + bad + bad + "\"") << "overlong";
  EXPECT_EQ(json_string("\xF0\x8F\xBF\xBF"), "\"" + bad + bad + bad + bad + "\"") << "overlong";
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"" + bad + bad + bad + "\"") << "a surrogate";
  EXPECT_EQ(json_string("\xF4\x90\x80\x80"), "\"" + bad + bad + bad + bad + "\"") << "too high";
  EXPECT_EQ(json_string("\xFE\xFF"), "\"" + bad + bad + "\"");
}

class EndpointsTest : public testing::Test {
 protected:
  EndpointsTest() {
    add(Method::kGet, "/v1/photos", "list");
    add(Method::kPost, "/v1/photos", "upload");
    add(Method::kGet, "/v1/photos/{id}", "photo");
    add(Method::kDelete, "/v1/photos/{id}", "delete");
    add(Method::kPut, "/v1/photos/{id}/content", "replace");
    add(Method::kGet, "/{server}/{name}", "view");
  }

  void add(Method method, std::string pattern, std::string name) {
    Endpoint endpoint;
    endpoint.method = method;
    endpoint.pattern = std::move(pattern);
    endpoint.name = std::move(name);
    table_.add(std::move(endpoint));
  }

  std::string name_of(Method method, std::string_view path) const {
    const auto match = table_.match(method, path);
    if (match.endpoint == nullptr) return "other method";
    if (match.endpoint == &table_.fallback()) return "none";
    EXPECT_EQ(match.endpoint, &table_.all()[match.index]);
    return match.endpoint->name;
  }

  EndpointTable table_;
};

TEST_F(EndpointsTest, MethodAndPathDecide) {
  EXPECT_EQ(name_of(Method::kGet, "/v1/photos"), "list");
  EXPECT_EQ(name_of(Method::kHead, "/v1/photos"), "list");
  EXPECT_EQ(name_of(Method::kPost, "/v1/photos"), "upload");
  EXPECT_EQ(name_of(Method::kGet, "/v1/photos/12"), "photo");
  EXPECT_EQ(name_of(Method::kDelete, "/v1/photos/12"), "delete");
  EXPECT_EQ(name_of(Method::kPut, "/v1/photos/12/content"), "replace");
  EXPECT_EQ(name_of(Method::kGet, "/1/a_b.jpg"), "view");
}

TEST_F(EndpointsTest, OtherPathsFitNothing) {
  for (const std::string_view path :
       {"/", "", "*", "/v1", "/v1/photos/", "/v1/photos/12/", "/v1/photos//content",
        "/v1/photos/12/content/", "//a", "/1/", "/1/a/b", "/v1/photos/12/Content"}) {
    EXPECT_EQ(name_of(Method::kOptions, path), "none") << path;
  }
}

TEST_F(EndpointsTest, OtherMethodsAreToldWhatIsAllowed) {
  EXPECT_EQ(name_of(Method::kPatch, "/v1/photos/12"), "other method");
  EXPECT_EQ(table_.allowed("/v1/photos/12"), "GET, HEAD, DELETE");
  EXPECT_EQ(name_of(Method::kGet, "/v1/photos/12/content"), "other method");
  EXPECT_EQ(table_.allowed("/v1/photos/12/content"), "PUT");
  EXPECT_EQ(table_.allowed("/none/at/all"), "");
}

TEST_F(EndpointsTest, ParametersAreViewsOfThePath) {
  const std::string path = "/1/714_abc.jpg";
  const auto match = table_.match(Method::kGet, path);
  EXPECT_EQ(match.params[0], "1");
  EXPECT_EQ(match.params[1], "714_abc.jpg");
  EXPECT_EQ(match.params[1].data(), path.data() + 3);
}

}  // namespace
}  // namespace farm::net
