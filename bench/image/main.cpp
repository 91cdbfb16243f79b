// What ./run bench image measures of this program: the image room alone, on one thread.
//
// usage: farm_image_bench measure ROUNDS FILE            JSON: CPU ms a picture, and its stages
//        farm_image_bench write FOLDER FILE [FORMAT]     the sizes as FOLDER/CODE.EXTENSION
//        farm_image_bench memory FILE                    JSON: peak of the process in bytes
#include <sys/resource.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "image/image.h"

namespace farm::image {
namespace {

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "farm_image_bench: %s\n", why.c_str());
  std::exit(1);
}

Bytes read(const std::string& file) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) stop("can't read " + file);
  Bytes bytes(static_cast<std::size_t>(in.tellg()));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) stop("can't read " + file);
  return bytes;
}

double cpu_ms() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(used.ru_utime) + ms(used.ru_stime);
}

Rendered render(ByteView original) {
  auto rendered = render_stored(original, Config{});
  if (!rendered) stop(rendered.error().message());
  return std::move(rendered.value());
}

void measure(int rounds, ByteView original) {
  constexpr int kWarmUp = 2;
  for (int i = 0; i < kWarmUp; ++i) render(original);
  Timings sum;
  const double before = cpu_ms();
  for (int i = 0; i < rounds; ++i) {
    const Timings one = render(original).timings;
    sum.decode_s += one.decode_s;
    sum.reduce_s += one.reduce_s;
    sum.encode_s += one.encode_s;
  }
  const double used = cpu_ms() - before;
  std::printf(R"({"cpu_ms":%.4f,"decode_ms":%.4f,"reduce_ms":%.4f,"encode_ms":%.4f})"
              "\n",
              used / rounds, sum.decode_s * 1e3 / rounds, sum.reduce_s * 1e3 / rounds,
              sum.encode_s * 1e3 / rounds);
}

void write(const std::string& folder, ByteView original, photo::Format format) {
  for (const RenderedSize& stored : render(original).sizes) {
    auto size = render_one(original, stored.code, format, Config{});
    if (!size) stop(size.error().message());
    std::string name = folder;
    name += '/';
    name += static_cast<char>(stored.code);
    name += '.';
    name += photo::extension(format);
    std::ofstream out(name, std::ios::binary);
    out << as_text(size.value().bytes);
    if (!out.flush()) stop("can't write " + name);
  }
}

// The peak of this program: what getrusage tells begins with that of whoever has started it.
long long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::atoll(line.c_str() + 6);
  }
  stop("/proc/self/status has no VmHWM");
}

void tell_memory(ByteView original) {
  const Rendered rendered = render(original);
  std::printf(R"({"width":%u,"height":%u,"peak_bytes":%lld,"file_bytes":%zu})"
              "\n",
              rendered.picture.dimensions.width, rendered.picture.dimensions.height,
              peak_kib() * 1024, original.size());
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 2) stop("usage: measure ROUNDS FILE | write FOLDER FILE | memory FILE");
  if (!start("farm_image_bench")) stop("libvips does not start");
  const std::string& task = arguments[0];
  if (task == "memory") {
    tell_memory(read(arguments[1]));
    return 0;
  }
  if (arguments.size() < 3) stop("a file is missing");
  const Bytes original = read(arguments[2]);
  if (task == "measure") {
    int rounds = 0;
    const std::string& text = arguments[1];
    std::from_chars(text.data(), text.data() + text.size(), rounds);
    if (rounds < 1) stop("how many rounds?");
    measure(rounds, original);
  } else if (task == "write") {
    const auto format = photo::format_from_extension(arguments.size() > 3 ? arguments[3] : "jpg");
    if (!format) stop("which format?");
    write(arguments[1], original, *format);
  } else {
    stop("there is no task " + task);
  }
  return 0;
}

}  // namespace
}  // namespace farm::image

int main(int count, char** values) {
  return farm::image::run(std::vector<std::string>(values + 1, values + count));
}
