// The grammar of permission URLs, which carry the right to see a photo inside:
//   /{server}/{id}_{secret}.jpg            the medium size
//   /{server}/{id}_{secret}_{code}.jpg     another size
//   the same with .webp, .avif or .auto    made on demand; auto: what the client says it takes
//   /{server}/{id}_{original_secret}_o.{jpg|png|gif|webp|tiff|heic|avif}
// One canonical form: anything else (signs, leading zeros, upper-case hex, percent escapes, dot
// segments, a code with the wrong extension, a query) is no permission URL. Pure, allocates nothing
// when parsing; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/photo_id.h"
#include "photo/secret.h"
#include "photo/size_code.h"

namespace farm::url {

struct PermissionUrl {
  std::uint16_t server = 0;  // 0 to kMaxServerId
  PhotoId id;
  photo::Secret secret;  // the original secret where code is kOriginal
  photo::SizeCode code = photo::SizeCode::kMedium;
  photo::Format format = photo::Format::kJpeg;
  bool negotiated = false;  // by Accept; `format` is what everybody takes
};

// `path` is a request target without its query.
std::optional<PermissionUrl> parse_permission_url(std::string_view path);

// The path, from its leading slash.
std::string format_permission_url(const PermissionUrl& url);

}  // namespace farm::url
