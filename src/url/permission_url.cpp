#include "url/permission_url.h"

#include <charconv>

namespace farm::url {
namespace {

constexpr std::size_t kSecretDigits = 2 * photo::Secret::kBytes;

// Cuts what comes before `mark` off `text`, and the mark; nothing if it is not there.
std::optional<std::string_view> take_until(std::string_view& text, char mark) {
  const std::size_t end = text.find(mark);
  if (end == std::string_view::npos) return {};
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end + 1);
  return taken;
}

std::optional<std::uint16_t> parse_server(std::string_view text) {
  if (text.empty() || text.size() > 4 || (text.size() > 1 && text.front() == '0')) return {};
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kMaxServerId) return {};
  return value;
}

// "" is medium; "_b" and the like another size. "_-" would be a second form of medium.
std::optional<photo::SizeCode> parse_code(std::string_view text) {
  if (text.empty()) return photo::SizeCode::kMedium;
  if (text.size() != 2 || text.front() != '_' || text.back() == '-') return {};
  const photo::SizeSpec* spec = photo::find_size(text.back());
  if (spec == nullptr) return {};
  return spec->code;
}

constexpr std::string_view kNegotiated = "auto";

// The formats that sizes may have; an original has its own.
bool may_have(photo::SizeCode code, photo::Format format) {
  return code == photo::SizeCode::kOriginal || format == photo::Format::kJpeg ||
         format == photo::Format::kWebp || format == photo::Format::kAvif;
}

}  // namespace

std::optional<PermissionUrl> parse_permission_url(std::string_view path) {
  if (path.empty() || path.front() != '/') return {};
  path.remove_prefix(1);
  const auto server_text = take_until(path, '/');
  if (!server_text) return {};
  const auto server = parse_server(*server_text);
  const auto id_text = take_until(path, '_');
  if (!server || !id_text) return {};
  const auto id = PhotoId::parse(*id_text);
  if (!id || path.size() < kSecretDigits) return {};
  const auto secret = photo::Secret::parse(path.substr(0, kSecretDigits));
  path.remove_prefix(kSecretDigits);
  const auto code_text = take_until(path, '.');
  if (!secret || !code_text) return {};
  const auto code = parse_code(*code_text);
  if (!code) return {};
  if (path == kNegotiated && *code != photo::SizeCode::kOriginal) {
    return PermissionUrl{*server, *id, *secret, *code, photo::Format::kJpeg, true};
  }
  const auto format = photo::format_from_extension(path);
  if (!format || !may_have(*code, *format)) return {};
  return PermissionUrl{*server, *id, *secret, *code, *format};
}

std::string format_permission_url(const PermissionUrl& url) {
  std::string path = "/" + std::to_string(url.server) + "/" + url.id.str() + "_" + url.secret.str();
  if (url.code != photo::SizeCode::kMedium) path.append("_").push_back(static_cast<char>(url.code));
  return path.append(".").append(url.negotiated ? kNegotiated : photo::extension(url.format));
}

}  // namespace farm::url
