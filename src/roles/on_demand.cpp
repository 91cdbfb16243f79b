#include "roles/on_demand.h"

#include <algorithm>

#include "base/checksum.h"
#include "roles/picture_charge.h"
#include "store/record_reader.h"

namespace farm::roles {
namespace {

using photo::SizeCode;

std::string key_of(const OnDemand::Wanted& wanted) {
  std::string key = wanted.id.str();
  key.append("_").append(std::to_string(wanted.version)).append("_");
  key.push_back(static_cast<char>(wanted.code));
  return key.append(".").append(photo::extension(wanted.format));
}

// What alone is over an eighth of all is not kept: it would push out too many others.
constexpr std::uint64_t kLargestShare = 8;

cache::MemoryTierOptions tier_options(std::uint64_t capacity_bytes) {
  return {.capacity_bytes = capacity_bytes,
          .object_max_bytes = std::max<std::uint64_t>(1, capacity_bytes / kLargestShare),
          .shards = 1};
}

// What an object's head has to tell here; nobody sends it.
struct MadeFacts {
  std::uint64_t fingerprint = 0;
  photo::Format format = photo::Format::kJpeg;
};

Rendition rendition_of(cache::ObjectRef object) {
  MadeFacts facts;
  object->head().copy(reinterpret_cast<char*>(&facts), sizeof facts);
  return {std::move(object), facts.format, facts.fingerprint};
}

}  // namespace

OnDemand::OnDemand(Services& services)
    : services_(services),
      cache_(tier_options(services.config.on_demand.cache_bytes)),
      renders_(services.metrics.counter("photofarm_on_demand_renders_total",
                                        "Sizes made on demand at the origin.")),
      hits_(services.metrics.counter("photofarm_on_demand_hits_total",
                                     "Sizes that had been made on demand before and were kept.")) {}

std::optional<Rendition> OnDemand::find(const std::string& key) {
  cache::ObjectRef object = cache_.find(key);
  if (!object) return std::nullopt;
  return rendition_of(std::move(object));
}

io::Task<Result<Rendition>> OnDemand::get(Wanted wanted) {
  std::string key = key_of(wanted);
  if (auto kept = find(key)) {
    hits_.add();
    co_return std::move(*kept);
  }
  const auto work = [this, wanted, key] { return make(wanted, key); };
  co_return co_await flights_.run(services_.on_demand_pool, std::move(key), work);
}

Result<Rendition> OnDemand::make(Wanted wanted, const std::string& key) {
  // Whoever missed it by a moment would make it again.
  if (auto kept = find(key)) return std::move(*kept);
  const auto share = services_.memory.take(wanted.original_bytes);
  if (!share) return fail(ErrorCode::kBusy, "roles", "too many pictures are being worked on");
  FARM_TRY(const store::OwnedSize source,
           store::read_size(services_.store, wanted.id, SizeCode::kOriginal));
  if (source.header.view().version() != wanted.version) {
    return fail(ErrorCode::kNotFound, "roles", {});  // changed a moment ago: this URL is dead
  }
  FARM_TRY(const PictureBudget::Share working,
           charge_on_demand(services_, source.bytes, photo::spec_of(wanted.code).side_px));
  renders_.add();
  FARM_TRY(const image::RenderedSize made,
           services_.renderer.render_one(source.bytes, wanted.code, wanted.format));
  const MadeFacts facts = {std::uint64_t{crc32c(made.bytes)} << 32 | made.bytes.size(),
                           made.format};
  const std::string_view head(reinterpret_cast<const char*>(&facts), sizeof facts);
  return rendition_of(
      cache_.insert(cache::ObjectDraft({.key = key, .head = head, .body = made.bytes})));
}

}  // namespace farm::roles
