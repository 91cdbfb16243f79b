#include "volume/frame_walker.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <vector>

#include "io/fake_file.h"

namespace farm::volume {
namespace {

constexpr std::uint64_t kNonce = 77;
constexpr std::uint64_t kSize = 1 << 20;

class FrameWalkerTest : public ::testing::Test {
 protected:
  FrameWalkerTest() {
    EXPECT_TRUE(disk_.make_directories("/d"));
    file_ = std::move(disk_.open("/d/f", io::OpenMode::kCreateNew)).value();
    EXPECT_TRUE(file_->truncate(kSize));
  }
  std::uint64_t put_frame(std::uint64_t offset, std::uint64_t payload_bytes) {
    FrameHeader header;
    header.type = FrameType::kRecord;
    header.id = {offset};
    header.version = 1;
    header.payload_bytes = payload_bytes;
    const auto bytes = encode_frame_header(header, kNonce, offset);
    const ByteView part = bytes;
    EXPECT_TRUE(file_->write_at(offset, {&part, 1}));
    return offset + frame_bytes(payload_bytes);
  }
  // "8192 12288! 16384": the offsets of frames, those of holes with a mark.
  std::string walk() {
    FrameWalker walker(*file_, kNonce, kFirstFrame, kSize);
    std::string path;
    for (int steps = 0; steps < 1000; ++steps) {
      const auto step = walker.next();
      if (!step) return "error";
      if (!step.value()) break;
      path += std::to_string(step.value()->offset) + (step.value()->frame ? " " : "! ");
    }
    unreadable_ = walker.unreadable_bytes();
    return path + "| " + std::to_string(walker.position());
  }

  io::FakeFileSystem disk_;
  std::unique_ptr<io::File> file_;
  std::uint64_t unreadable_ = 0;
};

TEST_F(FrameWalkerTest, FindsNothingInNothing) { EXPECT_EQ(walk(), "| 8192"); }

TEST_F(FrameWalkerTest, GoesFromFrameToFrame) {
  const auto second = put_frame(8192, 100);
  const auto third = put_frame(second, 500'000);
  const auto end = put_frame(third, 1);
  EXPECT_EQ(walk(), "8192 8384 508480 | " + std::to_string(end));
}

TEST_F(FrameWalkerTest, FindsTheNextFrameBehindDamage) {
  const auto second = put_frame(8192, 100);
  const auto third = put_frame(second, 300'000);
  put_frame(third, 50);
  disk_.flip_bit("/d/f", second + 20, 3);
  EXPECT_EQ(walk(), "8192 8384! 308480 | 308608");
}

TEST_F(FrameWalkerTest, AFrameThatRunsOverTheEndIsNone) {
  const auto second = put_frame(8192, 100);
  put_frame(second, kSize);
  EXPECT_EQ(walk(), "8192 | 8384");
}

TEST_F(FrameWalkerTest, AFrameThatEndsWithTheFileIsOne) {
  put_frame(8192, kSize - 8192 - 64);
  EXPECT_EQ(walk(), "8192 | " + std::to_string(kSize));
}

TEST_F(FrameWalkerTest, FramesOfAnotherVolumeInAPayloadAreNotSeen) {
  const auto second = put_frame(8192, 1000);
  put_frame(second, 10);
  FrameHeader header;
  header.payload_bytes = 0;
  const auto foreign = encode_frame_header(header, kNonce + 1, 8320);
  const ByteView part = foreign;
  ASSERT_TRUE(file_->write_at(8320, {&part, 1}));
  disk_.flip_bit("/d/f", 8192, 0);
  EXPECT_EQ(walk(), "8192! " + std::to_string(second) + " | " + std::to_string(second + 128));
}

TEST_F(FrameWalkerTest, PagesThatCannotBeReadAreDamage) {
  std::uint64_t end = 8192;
  for (int i = 0; i < 10; ++i) end = put_frame(end, 4032);
  // The second hop fails, and the page of it; then the search goes on behind.
  disk_.inject({.call = io::Call::kRead, .nth = 2});
  disk_.inject({.call = io::Call::kRead, .nth = 3});
  EXPECT_EQ(walk(),
            "8192 12288! 16384 20480 24576 28672 32768 36864 40960 45056 | " + std::to_string(end));
  EXPECT_EQ(unreadable_, 4096U);
}

TEST_F(FrameWalkerTest, GivesUpOnADiskThatReadsNothing) {
  put_frame(8192, 10);
  disk_.inject({.call = io::Call::kRead, .lasting = true});
  const std::uint64_t calls = disk_.calls(io::Call::kRead);
  walk();
  EXPECT_LT(disk_.calls(io::Call::kRead) - calls, 2000U);
}

}  // namespace
}  // namespace farm::volume
