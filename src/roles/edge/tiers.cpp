#include "roles/edge/tiers.h"

#include <cstring>

#include "io/offload.h"

namespace farm::roles {
namespace {

using cache::Object;
using cache::ObjectDraft;
using cache::ObjectRef;

constexpr std::string_view kVaryName = "Vary: ";

// A marker's body is its generation, a part of its variants' keys: those of an older marker, which
// was purged or replaced, are not found through a newer one.
std::string variant_key(const std::string& key, const Object& marker, std::string_view vary_key) {
  return key + "\n" + std::string(as_text(marker.body())) + "\n" + std::string(vary_key);
}

std::string_view vary_of(const Object& marker) {
  const std::string_view line = cache::header_lines(marker);
  return line.substr(kVaryName.size(), line.size() - kVaryName.size() - 2);
}

}  // namespace

io::Task<ObjectRef> Tiers::find_one(const std::string& key) {
  ObjectRef object = parts_.memory.find(key);
  if (object || parts_.disk == nullptr) co_return object;
  auto there = parts_.disk->try_read(key);
  if (there) {
    object = std::move(*there);
  } else {
    const auto work = [this, &key] { return Result<ObjectRef>(parts_.disk->read(key)); };
    auto read = co_await io::offload(parts_.disk_pool, work);
    if (read) object = std::move(read).value();  // else too many wait: a miss
  }
  co_return object ? promote(std::move(object)) : object;
}

// From the disk into memory, with what was purged since it was stored.
ObjectRef Tiers::promote(ObjectRef object) {
  const cache::PurgeVerdict verdict = judge(*object);
  if (verdict == cache::PurgeVerdict::kGone) {
    parts_.disk->erase(object->key());
    return {};
  }
  if (verdict == cache::PurgeVerdict::kStale) object->expire();
  if (object->content_bytes() <= parts_.cache_config.memory_object_max_bytes) {
    parts_.memory.insert(object);
    recheck(*object);
  }
  return object;
}

io::Task<Found> Tiers::find(std::string key, cache::Headers request) {
  Found out;
  out.key = key;
  if (!parts_.ready()) co_return out;
  ObjectRef object = co_await find_one(key);
  if (object && (object->meta().flags & cache::kVaryMarker) != 0) {
    const auto lines = cache::parse_header_lines(cache::header_lines(*object));
    const auto vary = cache::vary_key(lines, request);
    out.key = variant_key(key, *object, vary.value_or(""));
    object = co_await find_one(out.key);
    out.vary_miss = !object;
  }
  if (!object) co_return out;
  if ((object->meta().flags & cache::kPassMarker) != 0) {
    const bool good = parts_.clock.now_ms() < object->meta().fresh_until_ms && !object->expired();
    if (good) out.kind = Found::Kind::kPass;
    co_return out;
  }
  const bool part = (object->meta().flags & cache::kPartialBody) != 0;
  out.kind = part ? Found::Kind::kPart : Found::Kind::kResponse;
  out.object = std::move(object);
  co_return out;
}

Tiers::Mark Tiers::mark() const {
  return {.purges = parts_.purges.last(), .changes = changes_.mark()};
}

cache::PurgeVerdict Tiers::judge(const Object& object) const {
  return parts_.purges.judge(object.key(), object.tags(), object.meta().purge_seq);
}

// A purge goes through memory once: what was put in while it did so is looked at here.
void Tiers::recheck(const Object& object) {
  switch (judge(object)) {
    case cache::PurgeVerdict::kGood:
      break;
    case cache::PurgeVerdict::kStale:
      object.expire();
      break;
    case cache::PurgeVerdict::kGone:
      parts_.memory.erase(object.key());
      break;
  }
}

ObjectRef Tiers::put(ObjectDraft draft) {
  // A purge has come since it was asked for: what is in the tier may be newer.
  if (judge(*draft) == cache::PurgeVerdict::kGone) return std::move(draft).finish();
  ObjectRef object = parts_.memory.insert(std::move(draft));
  recheck(*object);
  const bool for_disk = parts_.disk != nullptr && (object->meta().flags & cache::kNotForDisk) == 0;
  if (for_disk && judge(*object) == cache::PurgeVerdict::kGood) parts_.disk->offer(object, false);
  return object;
}

// The marker that is there, if it names the same fields; else a new one.
ObjectRef Tiers::put_marker(const Response& response) {
  ObjectRef marker = parts_.memory.find(response.key);
  const bool same = marker && (marker->meta().flags & cache::kVaryMarker) != 0 &&
                    vary_of(*marker) == response.vary;
  if (same) return marker;
  const std::string generation =
      std::to_string(generations_.fetch_add(1)) + "." + std::to_string(parts_.clock.now_ms());
  const std::string head = "HTTP/1.1 200 OK\r\n" + std::string(kVaryName) + response.vary + "\r\n";
  cache::ObjectMeta meta = response.meta;
  meta.flags = cache::kVaryMarker;
  return put(ObjectDraft({.key = response.key,
                          .tags = response.tags,
                          .head = head,
                          .body = as_bytes(generation),
                          .meta = meta}));
}

ObjectRef Tiers::store(const Response& response) {
  if (changes_.changed(response.key, response.changes)) return {};
  std::string key = response.key;
  if (!response.vary.empty()) key = variant_key(key, *put_marker(response), response.vary_key);
  ObjectDraft draft({.key = key,
                     .tags = response.tags,
                     .head = response.head,
                     .etag = cache::find_etag(response.head),
                     .body_bytes = response.body_bytes,
                     .meta = response.meta});
  std::byte* at = draft.body().data();
  for (const ByteView piece : response.body) {
    if (!piece.empty()) std::memcpy(at, piece.data(), piece.size());
    at += piece.size();
  }
  ObjectRef object = put(std::move(draft));
  // What changed it may have looked for it before it was there.
  if (changes_.changed(response.key, response.changes)) forget(key);
  return object;
}

void Tiers::remember_pass(const std::string& key) {
  cache::ObjectMeta meta;
  meta.status = 200;
  meta.flags = cache::kPassMarker | cache::kNotForDisk;
  meta.stored_ms = parts_.clock.now_ms();
  meta.purge_seq = parts_.purges.last();
  meta.fresh_until_ms = meta.stored_ms + parts_.cache_config.pass_for.count();
  put(ObjectDraft({.key = key, .meta = meta}));
  if (parts_.disk != nullptr) parts_.disk->erase(key);
}

void Tiers::invalidate(std::string_view key) {
  changes_.note(key);
  // Variants are found through the marker alone.
  forget(key);
  parts_.fills.spoil(std::string(key));
}

void Tiers::forget(std::string_view key) {
  parts_.memory.erase(key);
  if (parts_.disk != nullptr) parts_.disk->erase(key);
}

}  // namespace farm::roles
