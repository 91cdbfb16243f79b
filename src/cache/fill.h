// One answer on its way from an upstream, read by all who asked for it while it comes. One producer
// writes it; readers of any thread follow, each at its own pace. Nobody's leaving ends it, unless
// nobody is left and it would not be kept either.
//
//   Producer:  set_head() → { room() → space() → commit() }… → finish()
//              or set_object(), or fail()
//   Reader:    outcome() → { next() }…
//
// Memory: up to `keep_max_bytes` of body are held until the end, so that they can be stored; of a
// longer one, or one that is not to be stored, the last `window_bytes` that some reader has not
// passed yet, and room() waits for the slowest. Thread-safe, but that space() and commit() are the
// producer's and a Reader is its coroutine's.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/object.h"
#include "io/notifier.h"

namespace farm::cache {

// What readers must know before the first byte.
struct FillHead {
  int status = 0;
  std::string lines;  // status line and headers as they are passed on, each with its CRLF
  std::optional<std::uint64_t> body_bytes;  // nothing: not known before it ends
  // For all who asked; else for the one whose request went out.
  bool shared = false;
  bool stored = false;   // it will be, if it comes whole
  std::string vary_key;  // of the request that went out; others may read if theirs is the same
  std::string etag;
  Millis last_modified_ms = 0;              // 0: none
  std::optional<std::uint32_t> age_s = {};  // of a response that said that it has one
};

// What is stored answers.
struct FillObject {
  ObjectRef object;
  bool validated = false;   // else it stands in for an origin that failed
  int upstream_status = 0;  // 0: no answer came
  // For all who asked; else for the one whose request went out.
  bool shared = true;
};

struct FillInterim {
  int status = 0;
  std::string lines;
};

struct FillLimits {
  std::uint64_t keep_max_bytes = 512 << 10;
  std::uint64_t window_bytes = 256 << 10;  // at most 64 KiB where it is not shared
};

class Fill : public std::enable_shared_from_this<Fill> {
 public:
  // How it went, as far as it is known. One of head, object and error.
  struct Outcome {
    const FillHead* head = nullptr;  // lives as long as the Fill
    FillObject object;
    std::optional<Error> error;

    int upstream_status() const { return head != nullptr ? head->status : object.upstream_status; }
  };

  class Reader {
   public:
    // `owner`: the one whose request went out.
    Reader(std::shared_ptr<Fill> fill, bool owner);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    bool owner() const { return owner_; }
    // Keeps the fill, and with it the outcome's head, until a response is sent.
    net::Keep keep() const;
    // The next interim answer that this reader has not seen, or nothing once the outcome is there.
    // They are for the owner alone: nobody knows yet whether others may see what comes.
    io::Task<std::optional<FillInterim>> interim();
    io::Task<Outcome> outcome();
    // False: this reader came too late for a body that is not kept. Ask before next().
    bool can_follow() const { return followed_; }
    // Bytes that follow those it gave before; good until the next call. Empty: that was all.
    io::Task<Result<ByteView>> next();

   private:
    friend class Fill;
    std::shared_ptr<Fill> fill_;
    const bool owner_;
    bool followed_ = false;
    std::size_t interims_seen_ = 0;
    std::multiset<std::uint64_t>::iterator at_;  // under the fill's mutex; if it has followed
    std::shared_ptr<const Bytes> held_;
  };

  explicit Fill(FillLimits limits) : limits_(limits) {}
  ~Fill();

  // Producer.
  void add_interim(FillInterim interim);
  void set_head(FillHead head);
  void set_object(FillObject object);
  // Waits until readers have taken enough; false: nobody wants the rest.
  io::Task<bool> room();
  MutableByteView space();
  void commit(std::size_t bytes);
  void finish();
  // Also after the head: readers then see the body end with this error. From any thread: a
  // producer that waits for room is told as well.
  void fail(Error error);

  // What was committed, if all of it is still there, and nobody has spoiled it: to be stored.
  bool kept() const;
  // Whether all of the body stays until the end, whoever has read it.
  bool holds_all() const;
  // From any thread: what comes is of the past already.
  void spoil();
  std::vector<ByteView> body() const;
  std::uint64_t body_bytes() const;

 private:
  struct Chunk {
    std::shared_ptr<Bytes> bytes;
    std::uint64_t first = 0;  // offset in the body
    std::size_t filled = 0;
  };

  std::optional<Outcome> outcome_locked() const;
  std::optional<Result<ByteView>> next_locked(Reader& reader);
  void drop_passed_locked();
  std::uint64_t slowest_locked() const;

  const FillLimits limits_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<FillInterim> interims_;
  std::optional<FillHead> head_;
  std::optional<FillObject> object_;
  std::optional<Error> error_;
  bool finished_ = false;
  bool keep_ = true;
  bool spoiled_ = false;
  std::uint64_t committed_ = 0;
  std::deque<Chunk> chunks_;
  std::multiset<std::uint64_t> at_;  // how far each reader is

  io::Notifier progress_;  // of the producer
  io::Notifier passed_;    // of the readers
};

}  // namespace farm::cache
