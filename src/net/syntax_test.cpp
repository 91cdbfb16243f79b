#include "net/syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace farm::net {
namespace {

// Words of eight bytes and what is left over of them, at each place.
TEST(Syntax, FindsAForbiddenCharacterWhereverItStands) {
  for (std::size_t size = 0; size <= 26; ++size) {
    EXPECT_FALSE(has_forbidden_in_value(std::string(size, 'a')));
    for (std::size_t at = 0; at < size; ++at) {
      for (int c = 0; c < 256; ++c) {
        std::string text(size, c % 2 == 0 ? ' ' : '\xff');
        text[at] = static_cast<char>(c);
        EXPECT_EQ(has_forbidden_in_value(text), is_forbidden_in_value(static_cast<char>(c)))
            << "character " << c << " at " << at << " of " << size;
      }
    }
  }
}

TEST(Syntax, LooksPastWhatIsOnlySuspicious) {
  EXPECT_FALSE(has_forbidden_in_value("a\tb\tc\td\te\tf\tg\th\t"));
  EXPECT_TRUE(has_forbidden_in_value("a\tb\tc\td\te\tf\tg\th\n"));
  EXPECT_FALSE(has_forbidden_in_value("\t       \x80\x80\x80\x80\x80\x80\x80\x80"));
}

TEST(Syntax, ATokenHasNoSeparators) {
  EXPECT_TRUE(is_token("If-None-Match"));
  EXPECT_TRUE(is_token("!#$%&'*+-.^_`|~09azAZ"));
  EXPECT_FALSE(is_token(""));
  for (const char c : std::string("\0 \t()<>@,;:\\\"/[]?={}\x7f\x80\xff", 23)) {
    EXPECT_FALSE(is_token(std::string("a") + c)) << static_cast<int>(c);
  }
}

TEST(Syntax, CountsWhatStandsAtTheBeginning) {
  constexpr CharacterSet kDigits(is_digit);
  EXPECT_EQ(kDigits.count_leading("123a4"), 3U);
  EXPECT_EQ(kDigits.count_leading(""), 0U);
  EXPECT_TRUE(kDigits.has_all("123"));
  EXPECT_FALSE(kDigits.has_all("12 3"));
}

}  // namespace
}  // namespace farm::net
