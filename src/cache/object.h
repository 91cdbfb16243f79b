// One cached response: key, tags, prebuilt header block and body in one allocation, immutable once
// it is shared, counted by references.
//
//   ObjectDraft draft({.key = key, .head = head, .body_bytes = 4096});
//   read into draft.body(), then  tier.insert(std::move(draft));
//
// An ObjectRef keeps its object good for as long as it is held, whatever the tier evicts meanwhile;
// to copy one is an atomic addition. Objects and references may be used by any thread; one
// ObjectRef by one at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "net/keep.h"

namespace farm::cache {

// What a hit has to know besides the bytes. The cache itself reads none of it.
struct ObjectMeta {
  Millis stored_ms = 0;         // wall clock, when the response came
  Millis fresh_until_ms = 0;    // wall clock; a hit before it needs no validation
  Millis last_modified_ms = 0;  // 0: the response had none
  std::uint32_t initial_age_s = 0;
  std::uint16_t status = 0;
  std::uint16_t flags = 0;      // the caller's own
  std::uint64_t purge_seq = 0;  // the last purge that was known when its response was asked for
};

// What a draft is made of; all of it is copied.
struct ObjectParts {
  std::string_view key;
  std::string_view tags = {};  // "p123 album7": separated by one space
  std::string_view head = {};  // status line and headers, as they are sent
  std::string_view etag = {};  // a part of `head`, or empty
  ByteView body = {};          // or, to be filled in later, only its size:
  std::uint64_t body_bytes = 0;
  ObjectMeta meta = {};
  // For simulations: the body is counted, but there is none.
  bool without_body = false;
};

// How long the parts of an object are that lie one after the other: key, tags, head, body.
struct ObjectShape {
  std::uint32_t key_bytes = 0;
  std::uint32_t tags_bytes = 0;
  std::uint32_t head_bytes = 0;
  std::uint32_t etag_offset = 0;  // in the head
  std::uint32_t etag_bytes = 0;
  std::uint64_t body_bytes = 0;

  std::uint64_t payload_bytes() const {
    return std::uint64_t{key_bytes} + tags_bytes + head_bytes + body_bytes;
  }
};

class Object {
 public:
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  std::string_view key() const { return {data(), key_bytes_}; }
  std::string_view tags() const { return {data() + key_bytes_, tags_bytes_}; }
  std::string_view head() const { return {data() + key_bytes_ + tags_bytes_, head_bytes_}; }
  std::string_view etag() const { return head().substr(etag_offset_, etag_bytes_); }
  ByteView body() const;
  // Head and body: they lie together.
  ByteView head_and_body() const;
  // Key, tags, head and body, as they lie.
  ByteView payload() const;
  ObjectShape shape() const;
  const ObjectMeta& meta() const { return meta_; }

  // From now on it is stale, whatever its meta says: a soft purge. By any thread, at any time.
  void expire() const { expired_.store(true, std::memory_order_relaxed); }
  bool expired() const { return expired_.load(std::memory_order_relaxed); }

  // The bytes of memory that it takes: this structure, key, tags, head and body, rounded up to what
  // the allocator gives for them (allocated_bytes()).
  std::uint64_t memory_bytes() const { return memory_bytes_; }
  // Head and body.
  std::uint64_t content_bytes() const { return head_bytes_ + body_bytes_; }
  bool has_tag(std::string_view tag) const;

  // Which of its records is this very object; 0: none, as far as is known. The disk tier's own
  // (disk/disk.h). By any thread, at any time.
  void set_disk_mark(std::uint64_t mark) const { disk_mark_.store(mark); }
  std::uint64_t disk_mark() const { return disk_mark_.load(); }

 private:
  friend class ObjectDraft;
  friend class ObjectRef;
  friend class ObjectRoom;
  friend class ObjectQueue;
  friend class ObjectTable;
  friend class Shard;
  friend class S3Fifo;
  friend class Lru;

  enum class Queue : std::uint8_t { kNone, kSmall, kMain };

  Object() = default;
  ~Object() = default;
  const char* data() const { return reinterpret_cast<const char*>(this + 1); }
  char* data() { return reinterpret_cast<char*>(this + 1); }
  void release();

  // What a hit reads comes first, so that it waits for few lines of memory; `queue_` and what
  // follows `charge_` are seldom looked at. With (*): of the shard that holds it, under its lock.
  mutable std::atomic<std::uint32_t> references_{1};
  mutable std::atomic<bool> expired_{false};
  bool asked_again_ = false;    // (*) since it was put in, or not long before
  std::uint8_t frequency_ = 0;  // (*)
  Queue queue_ = Queue::kNone;  // (*)
  std::uint64_t hash_ = 0;      // (*)
  std::uint64_t body_bytes_ = 0;
  std::uint32_t key_bytes_ = 0;
  std::uint32_t tags_bytes_ = 0;
  std::uint32_t head_bytes_ = 0;
  std::uint32_t etag_offset_ = 0;
  std::uint32_t etag_bytes_ = 0;
  bool without_body_ = false;
  ObjectMeta meta_;
  std::uint64_t charge_ = 0;  // (*) memory_bytes_, or 1 where every object costs the same
  std::uint64_t memory_bytes_ = 0;
  Object* newer_ = nullptr;  // (*)
  Object* older_ = nullptr;  // (*)
  mutable std::atomic<std::uint64_t> disk_mark_{0};
};

class ObjectRef {
 public:
  ObjectRef() = default;
  ObjectRef(const ObjectRef& other) : object_(other.object_) {
    if (object_ != nullptr) object_->references_.fetch_add(1, std::memory_order_relaxed);
  }
  ObjectRef(ObjectRef&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  ObjectRef& operator=(ObjectRef other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~ObjectRef() {
    if (object_ != nullptr) object_->release();
  }

  // The reference as a response holds it until it is sent.
  net::Keep keep() && {
    return {std::exchange(object_, nullptr),
            [](const void* object) { ObjectRef(static_cast<Object*>(const_cast<void*>(object))); }};
  }

  explicit operator bool() const { return object_ != nullptr; }
  const Object& operator*() const { return *object_; }
  const Object* operator->() const { return object_; }

 private:
  friend class ObjectDraft;
  friend class ObjectRoom;
  friend class Shard;
  explicit ObjectRef(Object* taken_over) : object_(taken_over) {}

  Object* object_ = nullptr;
};

// An object that nobody else sees yet.
class ObjectDraft {
 public:
  // `parts` may be larger than what the tier takes: it says so on insert().
  explicit ObjectDraft(const ObjectParts& parts);

  const Object& operator*() const { return *object_; }
  const Object* operator->() const { return &*object_; }
  MutableByteView body();
  ObjectMeta& meta();
  // The object for whoever has asked for it, if no tier is to keep it.
  ObjectRef finish() && { return std::move(object_); }

 private:
  friend class Shard;
  friend class MemoryTier;
  ObjectRef object_;
};

// An object's allocation before it is one: what describes it (at most kMaxLead bytes) and its
// payload are read into it from elsewhere, in one piece, and nothing has to be copied.
class ObjectRoom {
 public:
  static constexpr std::size_t kMaxLead = 128;

  ObjectRoom(std::size_t lead_bytes, std::uint64_t payload_bytes);
  ~ObjectRoom();
  ObjectRoom(const ObjectRoom&) = delete;
  ObjectRoom& operator=(const ObjectRoom&) = delete;

  // Lead and payload.
  MutableByteView bytes();
  ByteView payload() const;

  // Makes the object, which has taken the lead's place afterwards. Its shape fits into the payload,
  // and the room is used up.
  ObjectRef finish(const ObjectShape& shape, const ObjectMeta& meta);

 private:
  std::byte* memory_;
  const std::size_t lead_bytes_;
  const std::uint64_t payload_bytes_;
};

// What an allocation of so many bytes takes in memory: the size classes of jemalloc (16 bytes apart
// up to 128, then four to each doubling; https://jemalloc.net/jemalloc.3.html, "implementation
// notes"), and from 16 KiB on the page more by which it shifts the beginnings of allocations
// against each other, so that they do not all fall into the same lines of the processor's cache.
std::uint64_t allocated_bytes(std::uint64_t asked_bytes);

}  // namespace farm::cache
