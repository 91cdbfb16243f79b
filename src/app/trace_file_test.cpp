#include "app/trace_file.h"

#include <gtest/gtest.h>
#include <lzma.h>
#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "base/bytes.h"
#include "base/test_folder.h"

namespace farm::app {
namespace {

class TraceFileTest : public ::testing::Test {
 protected:
  Result<std::vector<std::string>> lines_of(std::string_view content) {
    std::ofstream(path_, std::ios::binary) << content;
    std::vector<std::string> lines;
    FARM_TRY(for_each_line(path_.string(), [&](std::string_view line) -> Result<void> {
      lines.emplace_back(line);
      return ok();
    }));
    return lines;
  }

  const TestFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "trace";
};

std::string many_lines() {
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += std::to_string(i) + " " + std::to_string(i * 7919) + "\n";
  return text;
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string xzipped(const std::string& text) {
  std::string out(lzma_stream_buffer_bound(text.size()), '\0');
  std::size_t bytes = 0;
  EXPECT_EQ(lzma_easy_buffer_encode(
                0, LZMA_CHECK_CRC32, nullptr, reinterpret_cast<const std::uint8_t*>(text.data()),
                text.size(), reinterpret_cast<std::uint8_t*>(out.data()), &bytes, out.size()),
            LZMA_OK);
  out.resize(bytes);
  return out;
}

TEST_F(TraceFileTest, ReadsPlainLines) {
  EXPECT_EQ(lines_of("a\n\nb c\nlast").value(), (std::vector<std::string>{"a", "", "b c", "last"}));
  EXPECT_TRUE(lines_of("").value().empty());
  EXPECT_EQ(lines_of("x\n").value(), std::vector<std::string>{"x"});
}

TEST_F(TraceFileTest, ReadsPackedLines) {
  const std::string text = many_lines();
  const std::vector<std::string> plain = lines_of(text).value();
  ASSERT_EQ(plain.size(), 100'000U);
  EXPECT_EQ(lines_of(gzipped(text)).value(), plain);
  EXPECT_EQ(lines_of(xzipped(text)).value(), plain);
  // One after the other, as logs are rotated and joined.
  EXPECT_EQ(lines_of(gzipped("a\n") + gzipped("b\n")).value(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(lines_of(xzipped("a\n") + xzipped("b\n")).value(),
            (std::vector<std::string>{"a", "b"}));
}

TEST_F(TraceFileTest, TellsDamage) {
  const std::string text = many_lines();
  for (std::string packed : {gzipped(text), xzipped(text)}) {
    const auto cut = lines_of(packed.substr(0, packed.size() - 10));
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, ErrorCode::kCorrupt);
    for (std::size_t i = 0; i < 8; ++i) packed[packed.size() / 2 + i] ^= 0x55;
    const auto damaged = lines_of(packed);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, ErrorCode::kCorrupt);
  }
}

TEST_F(TraceFileTest, TellsWhatItCannotRead) {
  const auto nothing = [](std::string_view) -> Result<void> { return ok(); };
  EXPECT_EQ(for_each_line("/nowhere/at/all", nothing).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(lines_of(std::string(2 << 20, 'x')).error().code, ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace farm::app
