#include "net/header_line.h"

#include <gtest/gtest.h>

namespace farm::net {
namespace {

TEST(HeaderLine, IsTakenApart) {
  HeaderView field;
  EXPECT_EQ(read_header_line("X-Name: \t a value\t ", field), "");
  EXPECT_EQ(field.name, "X-Name");
  EXPECT_EQ(field.value, "a value");
  EXPECT_EQ(read_header_line("Empty:", field), "");
  EXPECT_EQ(field.name, "Empty");
  EXPECT_EQ(field.value, "");
  EXPECT_EQ(read_header_line("A::b:", field), "");
  EXPECT_EQ(field.value, ":b:");
}

TEST(HeaderLine, SaysWhatIsWrong) {
  HeaderView field;
  EXPECT_EQ(read_header_line(" folded: x", field), "a folded header line");
  EXPECT_EQ(read_header_line("\t", field), "a folded header line");
  EXPECT_EQ(read_header_line("no colon", field), "a header line without a colon");
  EXPECT_EQ(read_header_line("nocolon", field), "a header line without a colon");
  EXPECT_EQ(read_header_line(":", field), "a header's name that is no token");
  EXPECT_EQ(read_header_line("a b: c", field), "a header's name that is no token");
  EXPECT_EQ(read_header_line("a : c", field), "a header's name that is no token");
  EXPECT_EQ(read_header_line("a: b\rc", field), "a control character in a header");
}

TEST(HeaderLine, ListsComeApartAtTheirCommas) {
  std::string_view list = " a ,,b\t, c";
  EXPECT_EQ(take_list_member(list), "a");
  EXPECT_EQ(take_list_member(list), "");
  EXPECT_EQ(take_list_member(list), "b");
  EXPECT_EQ(take_list_member(list), "c");
  EXPECT_TRUE(list.empty());
}

TEST(HeaderLine, ALengthIsDigitsAlone) {
  EXPECT_EQ(parse_content_length("007"), 7U);
  EXPECT_EQ(parse_content_length("18446744073709551615"), 18446744073709551615U);
  for (const auto* text : {"", "-1", "+1", "1 ", " 1", "0x1", "1,1", "18446744073709551616"}) {
    EXPECT_FALSE(parse_content_length(text)) << text;
  }
}

TEST(HeaderLine, ConnectionOptionsAreTakenTogether) {
  ConnectionOptions options;
  EXPECT_TRUE(options.persistent(1));
  EXPECT_FALSE(options.persistent(0));
  EXPECT_TRUE(options.add("x, Keep-Alive"));
  EXPECT_TRUE(options.persistent(0));
  EXPECT_TRUE(options.add(", CLOSE,"));
  EXPECT_FALSE(options.persistent(0)) << "close wins";
  EXPECT_FALSE(options.persistent(1));
}

TEST(HeaderLine, ConnectionOptionsAreTokens) {
  ConnectionOptions options;
  EXPECT_FALSE(options.add("a b, close"));
  EXPECT_TRUE(options.close) << "it is heeded all the same";
  EXPECT_FALSE(ConnectionOptions().add("\"close\""));
}

}  // namespace
}  // namespace farm::net
