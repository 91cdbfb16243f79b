#include "app/terminal.h"

#include <gtest/gtest.h>

namespace farm::app {
namespace {

TEST(Printable, KeepsWhatCanBeShown) {
  EXPECT_EQ(printable(""), "\"\"");
  EXPECT_EQ(printable("T\xc3\xaftle \xe7\x85\xa7"), "\"T\xc3\xaftle \xe7\x85\xa7\"");
  EXPECT_EQ(printable("a \"b\" \\c"), "\"a \\\"b\\\" \\\\c\"");
}

TEST(Printable, EscapesWhatATerminalObeys) {
  EXPECT_EQ(printable("\x1b[2J\n\x7f"), "\"\\u001b[2J\\u000a\\u007f\"");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J\xc2\xa0"),
            "\"\\u009b2J\xc2\xa0\"");
  EXPECT_EQ(printable("a\x9b\xff"), "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\"\\u0000\"");
}

}  // namespace
}  // namespace farm::app
