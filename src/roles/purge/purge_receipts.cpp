#include "roles/purge/purge_receipts.h"

#include <algorithm>

namespace farm::roles {
namespace {

// Refusals are what trying again does not mend.
PurgeReceipt::State state_after(const Error& error) {
  const bool refusal =
      error.code == ErrorCode::kForbidden || error.code == ErrorCode::kInvalidArgument;
  return refusal ? PurgeReceipt::State::kFailed : PurgeReceipt::State::kPending;
}

}  // namespace

std::string_view to_string(PurgeReceipt::State state) {
  switch (state) {
    case PurgeReceipt::State::kPending:
      return "pending";
    case PurgeReceipt::State::kDone:
      return "done";
    case PurgeReceipt::State::kFailed:
      return "failed";
  }
  return "unknown";
}

PurgeReceipts::PurgeReceipts(const std::vector<std::string>& edges, std::size_t max_receipts)
    : edges_(edges), max_receipts_(max_receipts), known_(edges.size()) {}

void PurgeReceipts::add(std::uint64_t id, std::uint64_t purges, std::uint64_t memory_objects) {
  PurgeReceipt receipt{.id = id, .purges = purges, .memory_objects = memory_objects, .edges = {}};
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    PurgeReceipt::Edge edge{.edge = edges_[i], .error = {}};
    if (known_[i].up_to >= id) {  // its thread was quicker
      edge.state = PurgeReceipt::State::kDone;
      edge.tries = 1;
    } else if (known_[i].trouble) {  // it is being tried already
      edge.state = state_after(*known_[i].trouble);
      edge.error = known_[i].trouble->context;
    }
    receipt.edges.push_back(std::move(edge));
  }
  receipts_.insert_or_assign(id, std::move(receipt));
  if (receipts_.size() > max_receipts_) receipts_.erase(receipts_.begin());
}

void PurgeReceipts::tried(std::size_t edge, std::uint64_t sent,
                          const Result<std::uint64_t>& known) {
  const std::lock_guard lock(mutex_);
  known_[edge].trouble = known ? std::nullopt : std::optional(known.error());
  if (known) known_[edge].up_to = known.value();
  for (auto& [id, receipt] : receipts_) {
    if (known && id > sent) break;
    PurgeReceipt::Edge& heard = receipt.edges[edge];
    if (heard.state == PurgeReceipt::State::kDone) continue;
    if (id <= sent) ++heard.tries;
    heard.error = known ? "" : known.error().context;
    heard.state = !known                ? state_after(known.error())
                  : known.value() >= id ? PurgeReceipt::State::kDone
                                        : PurgeReceipt::State::kPending;
  }
  changed_.notify_all();
}

std::optional<PurgeReceipt> PurgeReceipts::find(std::uint64_t id) const {
  return await(id, std::chrono::milliseconds(0));
}

bool PurgeReceipts::settled(const PurgeReceipt& receipt) const {
  for (std::size_t i = 0; i < edges_.size(); ++i) {
    if (receipt.edges[i].state == PurgeReceipt::State::kPending && !known_[i].trouble) {
      return false;
    }
  }
  return true;
}

std::optional<PurgeReceipt> PurgeReceipts::await(std::uint64_t id,
                                                 std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  std::optional<PurgeReceipt> receipt;
  changed_.wait_for(lock, patience, [&] {
    const auto found = receipts_.find(id);
    receipt = found == receipts_.end() ? std::nullopt : std::optional(found->second);
    return !receipt || settled(*receipt);
  });
  return receipt;
}

}  // namespace farm::roles
