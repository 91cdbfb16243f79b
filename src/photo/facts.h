// What a picture tells of its shot, and how it looks at a glance: short texts that the record, the
// catalog and the API carry as they stand here. Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace farm::photo {

inline constexpr std::size_t kMaxCameraBytes = 64;

// Each is empty where it is not known. Also what a record's header shows of itself (views).
struct FactTexts {
  // When it was taken, by the camera's clock: "2024-05-01T12:30:00", and behind it, where the
  // camera knew, the offset from UTC: "+02:00" (RFC 3339).
  std::string_view taken_at = {};
  std::string_view camera = {};          // "NIKON COOLPIX P6000": UTF-8, at most kMaxCameraBytes
  std::string_view dominant_color = {};  // "#rrggbb", lower case
  std::string_view thumb_hash = {};      // ThumbHash in Base64 (RFC 4648)

  bool operator==(const FactTexts&) const = default;
};

struct Facts {
  std::string taken_at = {};
  std::string camera = {};
  std::string dominant_color = {};
  std::string thumb_hash = {};

  FactTexts texts() const { return {taken_at, camera, dominant_color, thumb_hash}; }
  bool operator==(const Facts&) const = default;
};

// Those of the texts that have their form; the others come out empty. For texts from elsewhere: a
// camera, another farm's record.
Facts checked_facts(const FactTexts& texts);

}  // namespace farm::photo
