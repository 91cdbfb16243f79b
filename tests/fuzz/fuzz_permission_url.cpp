// The permission-URL grammar: whatever parses must be in its one canonical form, so formatting it
// gives the same text back; and API keys, which have the same property of one form.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "url/api_key.h"
#include "url/permission_url.h"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void check_url(std::string_view text) {
  const auto url = farm::url::parse_permission_url(text);
  if (!url) return;
  must(url->server <= farm::kMaxServerId);
  must(url->id.value != 0 && url->id.value >> 63 == 0);
  using farm::photo::Format;
  must(url->code == farm::photo::SizeCode::kOriginal ||
       (url->format == Format::kJpeg || url->format == Format::kWebp ||
        url->format == Format::kAvif));
  must(!url->negotiated || url->format == Format::kJpeg);
  must(farm::url::format_permission_url(*url) == text);
}

void check_key(std::string_view text) {
  if (farm::url::hash_api_key(text)) must(text.size() == 43 && text.starts_with("pf_"));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_url(text);
  check_key(text);
  return 0;
}
