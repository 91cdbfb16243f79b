#include "render/message.h"

#include <algorithm>
#include <cmath>

#include "render/archive.h"

namespace farm::render {
namespace {

constexpr std::size_t kMostContext = 500;

auto lie() {
  return fail(ErrorCode::kUnprocessable, "render", "the picture's worker answered nonsense");
}

Reply failure(Error error) {
  Reply reply;
  reply.failed = true;
  reply.error = error.code;
  reply.context = std::move(error.context);
  return reply;
}

// What the image room's header says that it answers; nothing else is a worker's to say. So none can
// look like a fault of the server.
Error told_by_worker(const Reply& reply) {
  const bool known =
      reply.error == ErrorCode::kInvalidArgument || reply.error == ErrorCode::kTooLarge ||
      reply.error == ErrorCode::kUnsupported || reply.error == ErrorCode::kUnprocessable;
  std::string context = reply.context.substr(0, kMostContext);
  std::ranges::replace_if(
      context, [](char c) { return c < ' ' || c > '~'; }, '?');
  return make_error(known ? reply.error : ErrorCode::kUnprocessable, "image", std::move(context));
}

Result<Reply> decode_reply(ByteView message) {
  Reply reply;
  FieldReader reader(message);
  reader(reply);
  if (!reader.good() || !reader.rest().empty()) return lie();
  if (reply.failed) return fail(told_by_worker(reply));
  return reply;
}

bool sensible(const photo::Dimensions& dimensions) {
  return dimensions.width > 0 && dimensions.height > 0;
}

bool sensible(double seconds) { return std::isfinite(seconds) && seconds >= 0; }

bool is_in_format(ByteView bytes, photo::Format format) {
  const auto found = image::identify(bytes);
  return found && found.value() == format;
}

bool sensible(const image::RenderedSize& size) {
  return sensible(size.dimensions) && is_in_format(size.bytes, size.format);
}

}  // namespace

Bytes encode(const Request& request) {
  Bytes out;
  FieldWriter writer(out);
  writer(request);
  return out;
}

Result<Received> decode_request(ByteView message) {
  Received received;
  FieldReader reader(message);
  reader(received.request);
  received.original = reader.rest();
  if (!reader.good() || photo::find_size(static_cast<char>(received.request.code)) == nullptr) {
    return fail(ErrorCode::kInvalidArgument, "render", "not a request");
  }
  return received;
}

Reply reply_of(Result<image::Rendered> result) {
  if (!result) return failure(std::move(result).error());
  Reply reply;
  reply.rendered = std::move(result).value();
  return reply;
}

Reply reply_of(Result<image::RenderedSize> result) {
  if (!result) return failure(std::move(result).error());
  Reply reply;
  reply.rendered.sizes.push_back(std::move(result).value());
  return reply;
}

Reply reply_of(Result<Bytes> result) {
  if (!result) return failure(std::move(result).error());
  Reply reply;
  reply.edited = std::move(result).value();
  return reply;
}

Bytes encode(const Reply& reply) {
  std::size_t about = reply.edited.size() + reply.context.size() + 512;
  for (const image::RenderedSize& size : reply.rendered.sizes) about += size.bytes.size() + 64;
  Bytes out;
  out.reserve(about);
  FieldWriter writer(out);
  writer(reply);
  return out;
}

Result<image::Rendered> decode_rendered(ByteView message, photo::Format asked) {
  FARM_TRY(Reply reply, decode_reply(message));
  image::Rendered& made = reply.rendered;
  const photo::Dimensions original = made.picture.dimensions;
  if (made.picture.format != asked || !sensible(original)) return lie();
  const std::uint32_t longest = std::max(original.width, original.height);
  auto size = made.sizes.begin();
  for (const photo::SizeSpec& spec : photo::kSizes) {
    const bool left_out = spec.only_if_larger && longest <= spec.side_px;
    if (!spec.stored || spec.side_px == 0 || left_out) continue;
    if (size == made.sizes.end() || size->code != spec.code || !sensible(*size) ||
        size->format != photo::Format::kJpeg || size->dimensions != photo::scaled(original, spec)) {
      return lie();
    }
    ++size;
  }
  if (size != made.sizes.end()) return lie();
  const image::Timings& timings = made.timings;
  if (!sensible(timings.decode_s) || !sensible(timings.reduce_s) || !sensible(timings.encode_s)) {
    return lie();
  }
  made.facts = photo::checked_facts(photo::Facts(made.facts).texts());
  return std::move(made);
}

Result<image::RenderedSize> decode_one(ByteView message, photo::SizeCode asked, photo::Format to) {
  FARM_TRY(Reply reply, decode_reply(message));
  std::vector<image::RenderedSize>& sizes = reply.rendered.sizes;
  if (sizes.size() != 1 || sizes.front().code != asked || sizes.front().format != to ||
      !sensible(sizes.front())) {
    return lie();
  }
  return std::move(sizes.front());
}

Result<Bytes> decode_edited(ByteView message, const image::Limits& limits) {
  FARM_TRY(Reply reply, decode_reply(message));
  if (reply.edited.size() > limits.max_file_bytes) {
    return fail(ErrorCode::kTooLarge, "render",
                "the edited picture has " + std::to_string(reply.edited.size()) +
                    " bytes; a file may have at most " + std::to_string(limits.max_file_bytes));
  }
  if (!image::identify(reply.edited)) return lie();
  return std::move(reply.edited);
}

}  // namespace farm::render
