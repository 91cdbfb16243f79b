#include "roles/on_demand.h"

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

}  // namespace

OnDemand::OnDemand(Services& services)
    : services_(services),
      cache_(services.config.on_demand.cache_bytes),
      renders_(services.metrics.counter("photofarm_on_demand_renders_total",
                                        "Sizes made on demand at the origin.")),
      hits_(services.metrics.counter("photofarm_on_demand_hits_total",
                                     "Sizes that had been made on demand before and were kept.")) {}

io::Task<Result<RenditionPtr>> OnDemand::get(Wanted wanted) {
  std::string key = key_of(wanted);
  if (RenditionPtr kept = cache_.find(key)) {
    hits_.add();
    co_return kept;
  }
  const auto work = [this, wanted, key] { return make(wanted, key); };
  co_return co_await flights_.run(services_.on_demand_pool, std::move(key), work);
}

Result<RenditionPtr> OnDemand::make(Wanted wanted, const std::string& key) {
  // Whoever missed it by a moment would make it again.
  if (RenditionPtr kept = cache_.find(key)) return kept;
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
  FARM_TRY(image::RenderedSize made,
           services_.renderer.render_one(source.bytes, wanted.code, wanted.format));
  made.bytes.shrink_to_fit();
  const std::uint64_t fingerprint = std::uint64_t{crc32c(made.bytes)} << 32 | made.bytes.size();
  auto rendition =
      std::make_shared<const Rendition>(Rendition{made.format, std::move(made.bytes), fingerprint});
  cache_.add(key, rendition);
  return rendition;
}

}  // namespace farm::roles
