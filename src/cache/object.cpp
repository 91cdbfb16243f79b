#include "cache/object.h"

#include <bit>
#include <cassert>
#include <cstring>
#include <new>

namespace farm::cache {

std::uint64_t allocated_bytes(std::uint64_t asked_bytes) {
  constexpr std::uint64_t kSmallStep = 16;
  constexpr std::uint64_t kEvenStepsUpTo = 128;
  constexpr std::uint64_t kPagesFrom = 16 << 10;
  constexpr std::uint64_t kPage = 4 << 10;
  const auto up = [&](std::uint64_t step) { return (asked_bytes + step - 1) / step * step; };
  if (asked_bytes <= kEvenStepsUpTo) return up(kSmallStep);
  const std::uint64_t size_class = up(std::bit_floor(asked_bytes - 1) / 4);
  return size_class < kPagesFrom ? size_class : size_class + kPage;
}

ByteView Object::body() const {
  if (without_body_) return {};
  return as_bytes({head().data() + head_bytes_, body_bytes_});
}

ByteView Object::head_and_body() const {
  return as_bytes({head().data(), head_bytes_ + (without_body_ ? 0 : body_bytes_)});
}

ByteView Object::payload() const {
  return as_bytes({data(), key_bytes_ + tags_bytes_ + head_and_body().size()});
}

ObjectShape Object::shape() const {
  return {.key_bytes = key_bytes_,
          .tags_bytes = tags_bytes_,
          .head_bytes = head_bytes_,
          .etag_offset = etag_offset_,
          .etag_bytes = etag_bytes_,
          .body_bytes = without_body_ ? 0 : body_bytes_};
}

bool Object::has_tag(std::string_view tag) const {
  std::string_view left = tags();
  while (!left.empty()) {
    const std::size_t end = left.find(' ');
    if (left.substr(0, end) == tag) return true;
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  return false;
}

void Object::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  this->~Object();
  ::operator delete(static_cast<void*>(this));
}

ObjectRoom::ObjectRoom(std::size_t lead_bytes, std::uint64_t payload_bytes)
    : memory_(static_cast<std::byte*>(::operator new(sizeof(Object) + payload_bytes))),
      lead_bytes_(lead_bytes),
      payload_bytes_(payload_bytes) {
  static_assert(sizeof(Object) >= kMaxLead);
  assert(lead_bytes <= kMaxLead);
}

ObjectRoom::~ObjectRoom() { ::operator delete(static_cast<void*>(memory_)); }

MutableByteView ObjectRoom::bytes() {
  return {memory_ + sizeof(Object) - lead_bytes_, lead_bytes_ + payload_bytes_};
}

ByteView ObjectRoom::payload() const { return {memory_ + sizeof(Object), payload_bytes_}; }

ObjectRef ObjectRoom::finish(const ObjectShape& shape, const ObjectMeta& meta) {
  assert(shape.payload_bytes() <= payload_bytes_);
  Object* made = new (std::exchange(memory_, nullptr)) Object;
  made->memory_bytes_ = allocated_bytes(sizeof(Object) + payload_bytes_);
  made->charge_ = made->memory_bytes_;
  made->body_bytes_ = shape.body_bytes;
  made->key_bytes_ = shape.key_bytes;
  made->tags_bytes_ = shape.tags_bytes;
  made->head_bytes_ = shape.head_bytes;
  made->etag_offset_ = shape.etag_offset;
  made->etag_bytes_ = shape.etag_bytes;
  made->meta_ = meta;
  return ObjectRef(made);
}

ObjectDraft::ObjectDraft(const ObjectParts& parts) {
  const std::uint64_t body_bytes = parts.body.empty() ? parts.body_bytes : parts.body.size();
  const std::uint64_t fixed =
      sizeof(Object) + parts.key.size() + parts.tags.size() + parts.head.size();
  const std::uint64_t memory_bytes = allocated_bytes(fixed + body_bytes);
  Object* made = new (::operator new(fixed + (parts.without_body ? 0 : body_bytes))) Object;
  made->memory_bytes_ = memory_bytes;
  made->charge_ = memory_bytes;
  made->without_body_ = parts.without_body;
  made->body_bytes_ = body_bytes;
  made->key_bytes_ = static_cast<std::uint32_t>(parts.key.size());
  made->tags_bytes_ = static_cast<std::uint32_t>(parts.tags.size());
  made->head_bytes_ = static_cast<std::uint32_t>(parts.head.size());
  if (!parts.etag.empty()) {
    assert(parts.etag.data() >= parts.head.data());
    made->etag_offset_ = static_cast<std::uint32_t>(parts.etag.data() - parts.head.data());
    made->etag_bytes_ = static_cast<std::uint32_t>(parts.etag.size());
  }
  made->meta_ = parts.meta;
  char* at = made->data();
  for (const std::string_view text : {parts.key, parts.tags, parts.head}) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
  }
  if (!parts.without_body && !parts.body.empty()) {
    std::memcpy(at, parts.body.data(), parts.body.size());
  }
  object_ = ObjectRef(made);
}

MutableByteView ObjectDraft::body() {
  const ByteView bytes = object_->body();
  return {const_cast<std::byte*>(bytes.data()), bytes.size()};
}

ObjectMeta& ObjectDraft::meta() { return object_.object_->meta_; }

}  // namespace farm::cache
