// Colours for people, on a terminal that takes them; nothing elsewhere, nor where NO_COLOR is set
// (https://no-color.org). For stdout. Thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace farm::app {

enum class Style { kPlain, kBold, kDim, kGood, kBad, kOdd };

// Decides once for the process.
bool stdout_takes_colours();

// `text` in that style, or as it is.
std::string styled(Style style, std::string_view text);

// A text of somebody else's, between quotes, without anything that a terminal would obey: control
// characters (C0, DEL, C1) become \u escapes, bytes that are no UTF-8 become U+FFFD.
std::string printable(std::string_view text);

}  // namespace farm::app
