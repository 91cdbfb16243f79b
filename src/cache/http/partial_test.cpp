#include "cache/http/partial.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace farm::cache {
namespace {

using net::ByteRange;
using List = std::vector<net::HeaderView>;

std::string shown(std::string_view value) {
  const auto parsed = parse_content_range(value);
  if (!parsed) return "wrong";
  const auto& [range, complete] = *parsed;
  return (range ? std::to_string(range->first) + "-" + std::to_string(range->last) : "*") + "/" +
         (complete ? std::to_string(*complete) : "*");
}

TEST(PartialTest, ContentRangeIsReadStrictly) {
  // RFC 9110 section 14.4.
  EXPECT_EQ(shown("bytes 0-9/10"), "0-9/10");
  EXPECT_EQ(shown(" Bytes  5-5/10 "), "5-5/10");
  EXPECT_EQ(shown("bytes 42-1233/*"), "42-1233/*");
  EXPECT_EQ(shown("bytes */1234"), "*/1234");
  for (const char* wrong :
       {"", "bytes", "bytes 0-9", "bytes 5-2/10", "bytes 0-10/10", "bytes */*", "bytes=0-9/10",
        "lines 0-9/10", "bytes a-9/10", "bytes -9/10", "bytes 0-/10", "bytes 0-9/ 10",
        "bytes 0-9/10, bytes 0-9/10", "bytes 0-9/99999999999999999999", "bytes 0-9/-1",
        "bytes 0-18446744073709551615/*", "bytes 0-9/10;x"}) {
    EXPECT_EQ(shown(wrong), "wrong") << wrong;
  }
}

TEST(PartialTest, APartIsKeptIfItCanBeCombined) {
  // RFC 9111 section 3.3.
  const List good = {
      {"Cache-Control", "max-age=9"}, {"ETag", "\"a\""}, {"Content-Range", "bytes 0-9/100"}};
  EXPECT_EQ(partial_storability(net::Method::kGet, {}, good), Storability::kYes);
  const auto with = [&](std::size_t place, net::HeaderView header) {
    List list = good;
    list[place] = header;
    return partial_storability(net::Method::kGet, {}, list);
  };
  EXPECT_EQ(with(0, {"Cache-Control", "no-store"}), Storability::kNoStore);
  EXPECT_EQ(with(1, {"ETag", "W/\"a\""}), Storability::kStatus);
  EXPECT_EQ(with(1, {"Last-Modified", "Tue, 22 Nov 2022 11:00:00 GMT"}), Storability::kStatus);
  EXPECT_EQ(with(2, {"Content-Range", "bytes 0-9/*"}), Storability::kStatus);
  EXPECT_EQ(with(2, {"Content-Type", "multipart/byteranges; boundary=x"}), Storability::kStatus);
  List twice = good;
  twice.push_back({"content-range", "bytes 20-29/100"});
  EXPECT_EQ(partial_storability(net::Method::kGet, {}, twice), Storability::kStatus);
}

TEST(PartialTest, OneStrongETagMakesOneRepresentation) {
  // RFC 9111 section 3.4, RFC 9110 section 15.3.7.3.
  const List stored = {{"ETag", "\"a\""}, {"Content-Range", "bytes 0-9/100"}};
  EXPECT_TRUE(may_combine(stored, List{{"ETag", "\"a\""}, {"Content-Range", "bytes 50-59/100"}}));
  EXPECT_TRUE(may_combine(stored, List{{"ETag", "\"a\""}}));
  EXPECT_FALSE(may_combine(stored, List{{"ETag", "\"a\""}, {"Content-Range", "bytes 50-59/101"}}));
  EXPECT_FALSE(may_combine(stored, List{{"ETag", "\"b\""}}));
  EXPECT_FALSE(may_combine(stored, {}));
  EXPECT_FALSE(may_combine(List{{"ETag", "W/\"a\""}}, List{{"ETag", "W/\"a\""}}));
  EXPECT_FALSE(is_strong_etag("\""));
  EXPECT_FALSE(is_strong_etag("\"a\"b\""));
  EXPECT_TRUE(is_strong_etag("\"\""));
}

std::string text_of(const PartialView& view) {
  std::string out;
  for (std::size_t n = 0; n < view.pieces(); ++n) {
    out +=
        std::to_string(view.piece(n).first) + ":" + std::string(as_text(view.piece_bytes(n))) + " ";
  }
  return out;
}

TEST(PartialTest, PartsJoinWhereTheyTouch) {
  PartialBody body(26);
  const auto add = [&](std::uint64_t first, std::string_view text) {
    return body.add({first, first + text.size() - 1}, as_bytes(text));
  };
  EXPECT_EQ(text_of(body.view()), "");
  EXPECT_FALSE(body.view().complete());
  EXPECT_TRUE(add(10, "klm"));
  EXPECT_TRUE(add(0, "abc"));
  EXPECT_TRUE(add(20, "uvw"));
  EXPECT_EQ(text_of(body.view()), "0:abc 10:klm 20:uvw ");
  EXPECT_TRUE(add(13, "n"));   // behind one, touching
  EXPECT_TRUE(add(8, "ij"));   // before it, touching
  EXPECT_TRUE(add(11, "LM"));  // inside: the new bytes count
  EXPECT_EQ(text_of(body.view()), "0:abc 8:ijkLMn 20:uvw ");
  EXPECT_TRUE(add(2, "cdefghi"));
  EXPECT_EQ(text_of(body.view()), "0:abcdefghijkLMn 20:uvw ");
  EXPECT_TRUE(body.view().covers({0, 13}));
  EXPECT_EQ(as_text(body.view().view({7, 9})), "hij");
  EXPECT_EQ(as_text(body.view().view({20, 22})), "uvw");
  EXPECT_FALSE(body.view().covers({13, 20}));
  EXPECT_FALSE(body.view().covers({22, 23}));
  EXPECT_FALSE(body.view().covers({5, 4}));
  EXPECT_TRUE(add(5, "fghijklmnopqrstuvwxyz"));  // over both, to the end
  EXPECT_TRUE(body.view().complete());
  EXPECT_EQ(as_text(body.view().view({0, 25})), "abcdefghijklmnopqrstuvwxyz");
}

TEST(PartialTest, WhatDoesNotFitChangesNothing) {
  PartialBody body(10);
  EXPECT_FALSE(body.add({8, 10}, as_bytes("abc")));
  EXPECT_FALSE(body.add({0, 2}, as_bytes("ab")));
  EXPECT_FALSE(body.add({2, 1}, {}));
  EXPECT_EQ(body.view().pieces(), 0U);
  PartialBody many(1000);
  for (std::uint64_t n = 0; n < PartialBody::kMaxPieces; ++n) {
    EXPECT_TRUE(many.add({n * 10, n * 10}, as_bytes("x")));
  }
  EXPECT_FALSE(many.add({900, 900}, as_bytes("x")));
  EXPECT_TRUE(many.add({1, 1}, as_bytes("y")));  // that joins is no piece more
  EXPECT_EQ(many.view().pieces(), PartialBody::kMaxPieces);
}

TEST(PartialTest, IsTheSameAfterItWasStored) {
  PartialBody body(100);
  EXPECT_TRUE(body.add({0, 2}, as_bytes("abc")));
  EXPECT_TRUE(body.add({50, 51}, as_bytes("xy")));
  const Bytes stored(body.bytes().begin(), body.bytes().end());
  const auto view = PartialView::parse(stored);
  ASSERT_TRUE(view);
  EXPECT_EQ(text_of(*view), "0:abc 50:xy ");
  PartialBody again(*view);
  EXPECT_TRUE(std::ranges::equal(again.bytes(), stored));
  EXPECT_TRUE(again.add({3, 3}, as_bytes("d")));
  EXPECT_EQ(text_of(again.view()), "0:abcd 50:xy ");
}

TEST(PartialTest, DamagedBytesAreToldOrHarmless) {
  PartialBody body(100);
  EXPECT_TRUE(body.add({0, 2}, as_bytes("abc")));
  EXPECT_TRUE(body.add({50, 51}, as_bytes("xy")));
  const Bytes good(body.bytes().begin(), body.bytes().end());
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(PartialView::parse(ByteView(good).first(length))) << length;
  }
  // Every byte of the table in every value: what is still taken can be read without harm.
  for (std::size_t at = 0; at < 48; ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      Bytes bad = good;
      bad[at] = static_cast<std::byte>(value);
      const auto view = PartialView::parse(bad);
      if (!view) continue;
      std::size_t total = 0;
      for (std::size_t n = 0; n < view->pieces(); ++n) total += view->piece_bytes(n).size();
      EXPECT_LE(total, bad.size());
      EXPECT_LE(view->view({0, 2}).size(), 3U);
    }
  }
}

TEST(PartialTest, AgreesWithAModelOverRandomParts) {
  constexpr std::uint64_t kBytes = 200;
  std::string whole;
  for (std::uint64_t i = 0; i < kBytes; ++i) whole += static_cast<char>('!' + i % 90);
  std::mt19937 dice(5);
  for (int round = 0; round < 60; ++round) {
    PartialBody body(kBytes);
    std::string model(kBytes, '\0');
    for (int step = 0; step < 40; ++step) {
      const std::uint64_t first = dice() % kBytes;
      const std::uint64_t last = std::min<std::uint64_t>(first + dice() % 12, kBytes - 1);
      const std::string_view part = std::string_view(whole).substr(first, last - first + 1);
      if (!body.add({first, last}, as_bytes(part))) {
        ASSERT_EQ(body.view().pieces(), PartialBody::kMaxPieces);
        continue;
      }
      model.replace(first, part.size(), part);
      const std::uint64_t from = dice() % kBytes;
      const std::uint64_t to = std::min<std::uint64_t>(from + dice() % 20, kBytes - 1);
      const std::string expected = model.substr(from, to - from + 1);
      const bool have = expected.find('\0') == std::string::npos;
      ASSERT_EQ(body.view().covers({from, to}), have);
      if (have) {
        ASSERT_EQ(as_text(body.view().view({from, to})), expected);
      }
      ASSERT_EQ(body.view().complete(), model.find('\0') == std::string::npos);
    }
  }
}

}  // namespace
}  // namespace farm::cache
