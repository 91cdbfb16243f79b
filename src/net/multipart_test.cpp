#include "net/multipart.h"

#include <gtest/gtest.h>

#include <string>

namespace farm::net {
namespace {

using namespace std::string_literals;

std::string part(const std::string& name, const std::string& content) {
  return "--B\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + content + "\r\n";
}

// The part's content, or what is wrong.
std::string content_of(const std::string& body, std::string_view name = "photo",
                       std::string_view boundary = "B") {
  const auto found = find_part(as_bytes(body), boundary, name);
  if (!found) return std::string(to_string(found.error().code));
  return std::string(as_text(found.value()));
}

const std::string kMalformed(to_string(ErrorCode::kInvalidArgument));
const std::string kNone(to_string(ErrorCode::kNotFound));

TEST(MultipartBoundary, IsReadFromTheContentType) {
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=abc"), "abc");
  EXPECT_EQ(multipart_boundary("Multipart/Form-Data;Boundary=\"a b c\""), "a b c");
  EXPECT_EQ(multipart_boundary("multipart/form-data; charset=utf-8; boundary=abc; x=y"), "abc");
  EXPECT_EQ(multipart_boundary("multipart/form-data; x=\"boundary=no;\"; boundary=yes"), "yes");
  EXPECT_EQ(multipart_boundary("multipart/form-data; boundary=" + std::string(70, 'x')),
            std::string(70, 'x'));
}

TEST(MultipartBoundary, NothingElseIsOne) {
  for (const std::string& text :
       {""s, "multipart/form-data"s, "multipart/form-data;"s, "multipart/form-data; boundary"s,
        "multipart/form-data; boundary="s, "multipart/form-data; boundary=\"\""s,
        "multipart/form-data; boundary=\"abc"s, "multipart/form-data; boundary=\"abc \""s,
        "multipart/form-data; boundary=\"a\tb\""s, "multipart/form-data; boundary=\xC3\xA9"s,
        "multipart/form-data; boundary=" + std::string(71, 'x'), "multipart/mixed; boundary=abc"s,
        "image/jpeg; boundary=abc"s, "boundary=abc"s}) {
    EXPECT_EQ(multipart_boundary(text), std::nullopt) << text;
  }
}

TEST(Multipart, FindsThePartOfThatName) {
  const std::string body = part("title", "hello") + part("photo", "\xff\xd8 bytes") + "--B--\r\n";
  EXPECT_EQ(content_of(body), "\xff\xd8 bytes");
  EXPECT_EQ(content_of(body, "title"), "hello");
  EXPECT_EQ(content_of(body, "other"), kNone);
  EXPECT_EQ(content_of(body, "Photo"), kNone) << "names are case-sensitive";
}

TEST(Multipart, TheViewLiesInTheBody) {
  const std::string body = part("photo", "bytes") + "--B--";
  const auto found = find_part(as_bytes(body), "B", "photo");
  ASSERT_TRUE(found);
  EXPECT_EQ(found.value().data(), as_bytes(body).data() + body.find("bytes"));
}

TEST(Multipart, PreambleAndEpilogueAreSkipped) {
  const std::string parts = part("photo", "x");
  EXPECT_EQ(content_of("some words\r\n" + parts + "--B--\r\nmore words --B"), "x");
  EXPECT_EQ(content_of("\r\n" + parts + "--B--"), "x");
  EXPECT_EQ(content_of("--Bad start\r\n" + parts + "--B--"), kMalformed);
  EXPECT_EQ(content_of("words --B\r\n" + parts + "--B--"), "x") << "not at a line's beginning";
}

TEST(Multipart, EmptyPartsAndNearBoundaries) {
  EXPECT_EQ(content_of(part("photo", "") + "--B--"), "");
  EXPECT_EQ(content_of(part("photo", "\r\n") + "--B--"), "\r\n");
  EXPECT_EQ(content_of(part("photo", " --B") + "--B--"), " --B");
  EXPECT_EQ(content_of(part("photo", "--B") + "--B--"), kMalformed) << "it begins a line";
  EXPECT_EQ(content_of(part("photo", "\r\n-B\r\n\r\n--A\r") + "--B--"), "\r\n-B\r\n\r\n--A\r");
  EXPECT_EQ(content_of(part("", "x") + "--B--", ""), "x");
}

TEST(Multipart, HeadersComeInAnyShape) {
  const auto with_head = [](const std::string& head) {
    return content_of("--B \t\r\n" + head + "\r\n\r\nx\r\n--B--");
  };
  EXPECT_EQ(with_head("content-disposition:form-data;name=photo"), "x");
  EXPECT_EQ(with_head("Content-Type: image/jpeg\r\nContent-Disposition: Form-Data; "
                      "filename=\"a;name=b.jpg\"; NAME=\"photo\""),
            "x");
  EXPECT_EQ(with_head("Content-Disposition: form-data; name=\"photo\"; filename=\"C:\\a.jpg\""),
            "x");
  EXPECT_EQ(with_head("Content-Disposition: form-data; filename=\"a\\\"b\"; name=photo"), "x");
  EXPECT_EQ(with_head("Content-Disposition: attachment; name=photo"), kNone);
  EXPECT_EQ(with_head("Content-Disposition: form-data"), kNone);
  EXPECT_EQ(with_head("Content-Disposition: form-data; name=\"photo"), kNone);
  EXPECT_EQ(with_head("X: y"), kNone);
  EXPECT_EQ(content_of("--B\r\n\r\nx\r\n--B--"), kNone) << "no headers at all";
}

TEST(Multipart, ABrokenBodyIsRefused) {
  for (const std::string& body :
       {""s, "no boundary"s, "--A\r\n\r\nx\r\n--A--"s, "--B"s, "--B\r\n"s, "--Bx\r\n\r\n\r\n--B--"s,
        "--B\r\n\r\n"s, part("photo", "x"), part("photo", "x") + "--B"s,
        part("photo", "x") + "--B-"s, "--B\r\nA: b\r\n--B--"s, "--B\r\nA: b\r\n--B--\r\n\r\n"s,
        "--B\r\n--B--"s, "--B\n\nx\n--B--"s, part("photo", "x").substr(0, 30),
        part("photo", "1") + part("photo", "2") + "--B--"s}) {
    EXPECT_EQ(content_of(body), kMalformed) << body;
  }
}

TEST(Multipart, EveryTruncationIsRefused) {
  const std::string body = part("title", "hello") + part("photo", "bytes") + "--B--";
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_EQ(content_of(body.substr(0, size)), kMalformed) << size;
  }
}

TEST(Multipart, PartsAndHeadsAreBounded) {
  std::string body;
  for (int i = 0; i < 63; ++i) body += part("n", "x");
  EXPECT_EQ(content_of(body + part("photo", "y") + "--B--"), "y");
  EXPECT_EQ(content_of(body + part("n", "x") + part("photo", "y") + "--B--"), kMalformed);
  const std::string long_head = "--B\r\nX: " + std::string(9000, 'x') + "\r\n\r\nx\r\n--B--";
  EXPECT_EQ(content_of(long_head), kMalformed);
}

// A boundary and a body made to match each other almost everywhere: quadratic search would take
// minutes here.
TEST(Multipart, ALikelyBoundaryCostsNoMore) {
  const std::string boundary(70, 'a');
  const std::string body = "--" + boundary +
                           "\r\nContent-Disposition: form-data; name=photo\r\n\r\n" +
                           std::string(32 << 20, 'a') + "\r\n--" + boundary + "--";
  EXPECT_EQ(content_of(body, "photo", boundary).size(), 32U << 20);
}

}  // namespace
}  // namespace farm::net
