// catalog.session (docs/formats/catalog.md): a small file beside the volumes of each data directory
// that names the catalog which ran with them last. A catalog that does not know the file's token,
// or has added fewer photos than the file tells, is lost, old, or another farm's.
#pragma once

#include <array>
#include <optional>

#include "io/file.h"

namespace farm::catalog {

using SessionToken = std::array<std::byte, 16>;

struct SessionMark {
  SessionToken token{};
  std::uint64_t added = 0;  // photos the catalog had ever added when this was written
  bool operator==(const SessionMark&) const = default;
};

inline constexpr const char* kSessionFileName = "catalog.session";

Bytes encode_session(const SessionMark& mark);
// kCorrupt, or kUnsupported if a newer photofarm wrote it.
Result<SessionMark> decode_session(ByteView bytes);

// Nothing if `directory` has none.
Result<std::optional<SessionMark>> read_session(io::FileSystem& files,
                                                const std::filesystem::path& directory);
// In one step: the old one or the new one is there, and the new one is on disk when it returns.
Result<void> write_session(io::FileSystem& files, const std::filesystem::path& directory,
                           const SessionMark& mark);

}  // namespace farm::catalog
