#include "app/terminal.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.h"

namespace farm::app {
namespace {

std::string_view code_of(Style style) {
  switch (style) {
    case Style::kBold:
      return "1";
    case Style::kDim:
      return "2";
    case Style::kGood:
      return "32";
    case Style::kBad:
      return "1;31";
    case Style::kOdd:
      return "33";
    case Style::kPlain:
      break;
  }
  return "0";
}

bool decide() {
  const char* no_color = std::getenv("NO_COLOR");
  if (no_color != nullptr && *no_color != '\0') return false;
  const char* term = std::getenv("TERM");
  if (term == nullptr || std::string_view(term) == "dumb") return false;
  return isatty(STDOUT_FILENO) != 0;
}

}  // namespace

bool stdout_takes_colours() {
  static const bool takes = decide();
  return takes;
}

std::string printable(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    const bool c0 = length == 1 && (byte(0) < 0x20 || byte(0) == 0x7f);
    const bool c1 = length == 2 && byte(0) == 0xc2 && byte(1) < 0xa0;
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c0 || c1) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", byte(length - 1));
      out += escape.data();
    } else {
      if (character == "\"" || character == "\\") out += '\\';
      out += character;
    }
  }
  return out + '"';
}

std::string styled(Style style, std::string_view text) {
  if (style == Style::kPlain || !stdout_takes_colours()) return std::string(text);
  return "\x1b[" + std::string(code_of(style)) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace farm::app
