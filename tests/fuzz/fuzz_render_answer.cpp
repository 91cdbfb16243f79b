// What a worker answers about a picture: whatever is believed must be what was asked for. Each
// input is tried as it is, and once more laid over a good answer (its first two bytes say where),
// so that what lies behind the lengths is reached. The same for requests.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "render/message.h"
#include "render/sample_pictures.h"

namespace {

using farm::Bytes;
using farm::ByteView;
using farm::Result;
namespace image = farm::image;
namespace photo = farm::photo;
namespace render = farm::render;

void must(bool holds) {
  if (!holds) std::abort();
}

void use(const image::RenderedSize& size) {
  must(size.dimensions.width > 0 && size.dimensions.height > 0);
  const auto format = image::identify(size.bytes);
  must(format && format.value() == size.format);
}

void try_decode(ByteView bytes) {
  constexpr auto kAsked = photo::Format::kPng;
  if (const auto rendered = render::decode_rendered(bytes, kAsked)) {
    must(rendered.value().picture.format == kAsked);
    must(rendered.value().sizes.size() >= 4 && rendered.value().sizes.size() <= 5);
    for (const image::RenderedSize& size : rendered.value().sizes) {
      use(size);
      must(photo::spec_of(size.code).stored);
      must(size.dimensions ==
           photo::scaled(rendered.value().picture.dimensions, photo::spec_of(size.code)));
    }
  } else {
    must(rendered.error().context.size() <= 600);
  }
  if (const auto one =
          render::decode_one(bytes, photo::SizeCode::kBigSquare, photo::Format::kJpeg)) {
    must(one.value().code == photo::SizeCode::kBigSquare);
    use(one.value());
  }
  image::Limits limits;
  limits.max_file_bytes = 1000;
  if (const auto edited = render::decode_edited(bytes, limits)) {
    must(edited.value().size() <= limits.max_file_bytes && image::identify(edited.value()));
  }
  if (const auto request = render::decode_request(bytes)) {
    must(photo::find_size(static_cast<char>(request.value().request.code)) != nullptr);
    must(request.value().original.size() <= bytes.size());
  }
}

Bytes good_answer() {
  const ByteView jpeg = render::sample_pictures()[0];
  image::Rendered rendered;
  rendered.picture = {photo::Format::kPng, {16, 16}};
  for (const photo::SizeSpec& spec : photo::kSizes) {
    if (!spec.stored || spec.side_px == 0 || spec.only_if_larger) continue;
    rendered.sizes.push_back(
        {spec.code, photo::Format::kJpeg, {16, 16}, Bytes(jpeg.begin(), jpeg.end())});
  }
  return render::encode(render::reply_of(Result<image::Rendered>(std::move(rendered))));
}

Bytes laid_over(Bytes good, ByteView bytes) {
  if (bytes.size() < 2) return good;
  const std::size_t at = farm::load_le<std::uint16_t>(bytes, 0) % good.size();
  const ByteView rest = bytes.subspan(2, std::min(bytes.size() - 2, good.size() - at));
  std::ranges::copy(rest, good.begin() + static_cast<std::ptrdiff_t>(at));
  return good;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Bytes good = good_answer();
  static const Bytes request = render::encode(render::Request{});
  must(render::decode_rendered(good, photo::Format::kPng).has_value());
  const ByteView bytes{reinterpret_cast<const std::byte*>(data), size};
  try_decode(bytes);
  try_decode(laid_over(good, bytes));
  try_decode(laid_over(request, bytes));
  return 0;
}
