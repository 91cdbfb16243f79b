#include "cache/fill.h"

#include <algorithm>

namespace farm::cache {
namespace {

constexpr std::size_t kChunkBytes = 64 << 10;
constexpr std::uint64_t kAloneBytes = 64 << 10;

}  // namespace

Fill::~Fill() = default;

void Fill::add_interim(FillInterim interim) {
  constexpr std::size_t kMostInterims = 16;
  {
    const std::lock_guard lock(mutex_);
    if (interims_.size() == kMostInterims) return;
    interims_.push_back(std::move(interim));
  }
  progress_.notify();
}

void Fill::set_head(FillHead head) {
  {
    const std::lock_guard lock(mutex_);
    keep_ = head.stored && head.body_bytes.value_or(0) <= limits_.keep_max_bytes;
    head_ = std::move(head);
  }
  progress_.notify();
}

void Fill::set_object(FillObject object) {
  {
    const std::lock_guard lock(mutex_);
    object_ = std::move(object);
    finished_ = true;
  }
  progress_.notify();
}

io::Task<bool> Fill::room() {
  for (;;) {
    const std::uint64_t ticket = passed_.ticket();
    {
      const std::lock_guard lock(mutex_);
      if (finished_) co_return false;
      if (keep_) co_return true;
      if (at_.empty()) co_return false;
      // One reader alone has nobody to wait for.
      const std::uint64_t window =
          head_->shared ? limits_.window_bytes : std::min(limits_.window_bytes, kAloneBytes);
      if (committed_ - slowest_locked() < window) co_return true;
    }
    co_await passed_.wait(ticket);
  }
}

MutableByteView Fill::space() {
  const std::lock_guard lock(mutex_);
  if (chunks_.empty() || chunks_.back().filled == chunks_.back().bytes->size()) {
    // A body of known length that is kept lies in one piece.
    std::size_t size = kChunkBytes;
    if (keep_ && head_->body_bytes) {
      size = std::max<std::size_t>(1, static_cast<std::size_t>(*head_->body_bytes - committed_));
    }
    chunks_.push_back({std::make_shared<Bytes>(size), committed_, 0});
  }
  const Chunk& last = chunks_.back();
  return MutableByteView(*last.bytes).subspan(last.filled);
}

void Fill::commit(std::size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    chunks_.back().filled += bytes;
    committed_ += bytes;
    if (committed_ > limits_.keep_max_bytes) keep_ = false;
    drop_passed_locked();
  }
  progress_.notify();
}

void Fill::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  progress_.notify();
}

void Fill::fail(Error error) {
  {
    const std::lock_guard lock(mutex_);
    if (finished_) return;
    error_ = std::move(error);
    finished_ = true;
  }
  progress_.notify();
  passed_.notify();
}

bool Fill::kept() const {
  const std::lock_guard lock(mutex_);
  return keep_ && !spoiled_;
}

bool Fill::holds_all() const {
  const std::lock_guard lock(mutex_);
  return keep_;
}

void Fill::spoil() {
  const std::lock_guard lock(mutex_);
  spoiled_ = true;
}

std::uint64_t Fill::body_bytes() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}

std::vector<ByteView> Fill::body() const {
  const std::lock_guard lock(mutex_);
  std::vector<ByteView> out;
  for (const Chunk& chunk : chunks_) out.push_back(ByteView(*chunk.bytes).first(chunk.filled));
  return out;
}

std::uint64_t Fill::slowest_locked() const { return at_.empty() ? committed_ : *at_.begin(); }

void Fill::drop_passed_locked() {
  if (keep_) return;
  const std::uint64_t slowest = slowest_locked();
  while (chunks_.size() > 1 && chunks_.front().first + chunks_.front().filled <= slowest) {
    chunks_.pop_front();
  }
}

std::optional<Fill::Outcome> Fill::outcome_locked() const {
  Outcome out;
  if (object_) {
    out.object = *object_;
    return out;
  }
  if (head_) {
    out.head = &*head_;
    return out;
  }
  if (!error_) return std::nullopt;
  out.error = error_;
  return out;
}

std::optional<Result<ByteView>> Fill::next_locked(Reader& reader) {
  reader.held_ = nullptr;
  const std::uint64_t at = *reader.at_;
  for (const Chunk& chunk : chunks_) {
    if (at < chunk.first || at >= chunk.first + chunk.filled) continue;
    const ByteView bytes = ByteView(*chunk.bytes)
                               .first(chunk.filled)
                               .subspan(static_cast<std::size_t>(at - chunk.first));
    reader.held_ = chunk.bytes;
    auto moved = at_.extract(reader.at_);
    moved.value() = at + bytes.size();
    reader.at_ = at_.insert(std::move(moved));
    drop_passed_locked();
    return Result<ByteView>(bytes);
  }
  if (error_) return Result<ByteView>(farm::fail(*error_));
  if (finished_) return Result<ByteView>(ByteView{});
  return std::nullopt;
}

// A reader that comes when bytes were dropped already cannot have them.
Fill::Reader::Reader(std::shared_ptr<Fill> fill, bool owner)
    : fill_(std::move(fill)), owner_(owner) {
  const std::lock_guard lock(fill_->mutex_);
  followed_ = fill_->chunks_.empty() || fill_->chunks_.front().first == 0;
  if (followed_) at_ = fill_->at_.insert(0);
}

Fill::Reader::~Reader() {
  {
    const std::lock_guard lock(fill_->mutex_);
    if (followed_) fill_->at_.erase(at_);
    fill_->drop_passed_locked();
  }
  fill_->passed_.notify();
}

net::Keep Fill::Reader::keep() const {
  return {new std::shared_ptr<Fill>(fill_),
          [](const void* held) { delete static_cast<const std::shared_ptr<Fill>*>(held); }};
}

io::Task<std::optional<FillInterim>> Fill::Reader::interim() {
  for (;;) {
    const std::uint64_t ticket = fill_->progress_.ticket();
    {
      const std::lock_guard lock(fill_->mutex_);
      const bool unseen = owner_ && interims_seen_ < fill_->interims_.size();
      if (unseen) co_return fill_->interims_[interims_seen_++];
      if (fill_->outcome_locked()) co_return std::nullopt;
    }
    co_await fill_->progress_.wait(ticket);
  }
}

io::Task<Fill::Outcome> Fill::Reader::outcome() {
  for (;;) {
    const std::uint64_t ticket = fill_->progress_.ticket();
    {
      const std::lock_guard lock(fill_->mutex_);
      if (auto outcome = fill_->outcome_locked()) co_return std::move(*outcome);
    }
    co_await fill_->progress_.wait(ticket);
  }
}

io::Task<Result<ByteView>> Fill::Reader::next() {
  // What it gave before has been sent: the producer may go on.
  fill_->passed_.notify();
  for (;;) {
    const std::uint64_t ticket = fill_->progress_.ticket();
    {
      const std::lock_guard lock(fill_->mutex_);
      if (auto next = fill_->next_locked(*this)) co_return std::move(*next);
    }
    co_await fill_->progress_.wait(ticket);
  }
}

}  // namespace farm::cache
