#include "obs/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace farm::obs {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kOff:
      break;
  }
  return "off";
}

std::string_view level_color(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "\x1b[2m";
    case LogLevel::kWarn:
      return "\x1b[33m";
    case LogLevel::kError:
      return "\x1b[1;31m";
    default:
      return "";
  }
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

// The length of the well-formed UTF-8 sequence that `text` starts with (RFC 3629); 0 if there is
// none. Overlong forms, surrogates and what is over U+10FFFF are not well-formed.
std::size_t utf8_sequence(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  if (first >= 0xc2 && first <= 0xdf) length = 2;
  if (first >= 0xe0 && first <= 0xef) length = 3;
  if (first >= 0xf0 && first <= 0xf4) length = 4;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return 0;
  }
  const auto second = static_cast<unsigned char>(text[1]);
  const bool ill_formed = (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
                          (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f);
  return ill_formed ? 0 : length;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

void append_hex_escape(std::string& line, std::string_view prefix, char c) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  line.append(prefix);
  line.push_back(kDigits[byte >> 4]);
  line.push_back(kDigits[byte & 15]);
}

bool append_short_escape(std::string& line, char c) {
  switch (c) {
    case '\n':
      line.append("\\n");
      return true;
    case '\r':
      line.append("\\r");
      return true;
    case '\t':
      line.append("\\t");
      return true;
    case '"':
      line.append("\\\"");
      return true;
    case '\\':
      line.append("\\\\");
      return true;
    default:
      return false;
  }
}

void append_json_string(std::string& line, std::string_view text) {
  line.push_back('"');
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    if (length == 0) {
      line.append("\\ufffd");
    } else if (is_control(text[0])) {
      if (!append_short_escape(line, text[0])) append_hex_escape(line, "\\u00", text[0]);
    } else if (length > 1 || !append_short_escape(line, text[0])) {
      line.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  line.push_back('"');
}

// What a terminal would act on becomes visible instead: C0 and C1 controls, and bytes that are no
// UTF-8.
void append_visible(std::string& line, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence(text);
    const char c = text[0];
    const bool c1 = length == 2 && c == '\xc2' && static_cast<unsigned char>(text[1]) < 0xa0;
    if (length == 0) {
      append_hex_escape(line, "\\x", c);
    } else if (c1) {
      append_hex_escape(line, "\\u00", text[1]);
    } else if (is_control(c)) {
      if (!append_short_escape(line, c)) append_hex_escape(line, "\\x", c);
    } else if (!quoted || length > 1 || !append_short_escape(line, c)) {
      line.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
}

bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  for (const char c : text) {
    if (c == ' ' || c == '=' || c == '"' || c == '\\' || is_control(c) || c < 0) return true;
  }
  return false;
}

void append_logfmt_string(std::string& line, std::string_view text) {
  if (!needs_quotes(text)) {
    line.append(text);
    return;
  }
  line.push_back('"');
  append_visible(line, text, true);
  line.push_back('"');
}

std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} ? std::string(text.data(), end) : std::string("?");
}

// Photo ids are text in JSON: they do not fit into the 53 bits of a JavaScript number.
struct ValueWriter {
  std::string& line;
  bool json;

  void operator()(std::string_view text) const {
    text = text.substr(0, kMaxLineBytes);
    json ? append_json_string(line, text) : append_logfmt_string(line, text);
  }
  void operator()(std::int64_t number) const { line.append(std::to_string(number)); }
  void operator()(std::uint64_t number) const { line.append(std::to_string(number)); }
  void operator()(bool truth) const { line.append(truth ? "true" : "false"); }
  void operator()(PhotoId id) const { (*this)(std::string_view(id.str())); }
  void operator()(double number) const {
    if (json && !std::isfinite(number)) {
      line.append("null");
    } else {
      line.append(number_text(number));
    }
  }
};

std::string timestamp(Millis wall_ms) {
  std::string text = format_rfc3339(wall_ms);
  std::array<char, 8> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03d", static_cast<int>(wall_ms % 1000));
  text.insert(text.size() - 1, fraction.data());
  return text;
}

std::string json_line(LogLevel level, Millis wall_ms, std::string_view message, LogFields fields) {
  std::string line = "{\"ts\":\"" + timestamp(wall_ms) + "\",\"level\":\"";
  line.append(level_name(level)).append("\",\"msg\":");
  append_json_string(line, message);
  for (const LogField& field : fields) {
    line.push_back(',');
    append_json_string(line, field.key);
    line.push_back(':');
    std::visit(ValueWriter{line, true}, field.value);
    // A JSON line must stay whole, so it ends before a field rather than within one.
    if (line.size() > kMaxLineBytes) break;
  }
  line.push_back('}');
  return line;
}

void append_fields(std::string& line, LogFields fields) {
  for (const LogField& field : fields) {
    line.append(" ").append(field.key).push_back('=');
    std::visit(ValueWriter{line, false}, field.value);
  }
}

std::string text_line(bool color, LogLevel level, Millis wall_ms, std::string_view message,
                      LogFields fields) {
  std::string name(level_name(level));
  name.resize(5, ' ');
  if (color && !level_color(level).empty())
    name = std::string(level_color(level)) + name + "\x1b[0m";
  std::string line = timestamp(wall_ms).substr(11, 12) + " " + name + " ";
  append_visible(line, message, false);
  append_fields(line, fields);
  return line;
}

std::string logfmt_line(LogLevel level, Millis wall_ms, std::string_view message,
                        LogFields fields) {
  std::string line = "ts=" + timestamp(wall_ms) + " level=";
  line.append(level_name(level)).append(" msg=");
  append_logfmt_string(line, message);
  append_fields(line, fields);
  return line;
}

}  // namespace

std::string format_line(LineStyle style, LogLevel level, Millis wall_ms, std::string_view message,
                        LogFields fields) {
  message = message.substr(0, kMaxLineBytes);
  if (style.format == LogFormat::kJson) return json_line(level, wall_ms, message, fields);
  std::string line = style.format == LogFormat::kText
                         ? text_line(style.color, level, wall_ms, message, fields)
                         : logfmt_line(level, wall_ms, message, fields);
  if (line.size() > kMaxLineBytes) line.resize(kMaxLineBytes);
  return line;
}

}  // namespace farm::obs
