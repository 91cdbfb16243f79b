// Where answers are kept, seen as one: memory, then disk, with what was purged left out. Finds what
// answers a request through the names that Vary has, and puts in what came from upstream.
#pragma once

#include <atomic>
#include <string>
#include <string_view>

#include "cache/http/stored_response.h"
#include "cache/memory_tier.h"
#include "io/task.h"
#include "roles/edge/parts.h"
#include "roles/edge/recent_changes.h"

namespace farm::roles {

struct Found {
  enum class Kind : std::uint8_t {
    kNothing,
    kResponse,
    kPart,  // of a response (partial.h)
    kPass,  // what comes from there is not kept
  };
  Kind kind = Kind::kNothing;
  cache::ObjectRef object;
  std::string key;         // of the variant
  bool vary_miss = false;  // there are other variants
};

class Tiers {
 public:
  explicit Tiers(EdgeParts& parts) : parts_(parts) {}

  cache::ObjectRef find_in_memory(std::string_view key) { return parts_.memory.find(key); }
  // `key` without what Vary adds.
  io::Task<Found> find(std::string key, cache::Headers request);

  // To be taken before a response is asked for: what is purged or changed later is not kept.
  struct Mark {
    std::uint64_t purges = 0;
    std::uint64_t changes = 0;
  };
  Mark mark() const;

  struct Response {
    std::string key;  // without what Vary adds
    std::string head;
    std::string vary_key;
    std::string vary;  // "Accept, Origin"; empty without Vary
    std::string tags;
    std::vector<ByteView> body;
    std::uint64_t body_bytes = 0;
    cache::ObjectMeta meta;     // with Mark::purges
    std::uint64_t changes = 0;  // Mark::changes
  };
  // Empty if its resource has changed meanwhile.
  cache::ObjectRef store(const Response& response);
  // For a while nobody waits for what another fetches from there.
  void remember_pass(const std::string& key);
  // What was stored under it is good no longer, any variant.
  void invalidate(std::string_view key);

 private:
  io::Task<cache::ObjectRef> find_one(const std::string& key);
  cache::ObjectRef put(cache::ObjectDraft draft);
  void offer(const cache::ObjectRef& object);
  cache::ObjectRef find_marker(const std::string& key);
  cache::ObjectRef put_marker(const Response& response);
  cache::ObjectRef promote(cache::ObjectRef object);
  void forget(std::string_view key);
  cache::PurgeVerdict judge(const cache::Object& object) const;
  void recheck(const cache::Object& object);

  EdgeParts& parts_;
  RecentChanges changes_;
  std::atomic<std::uint64_t> generations_{0};
};

}  // namespace farm::roles
