#include "catalog/session_file.h"

#include <gtest/gtest.h>

#include "io/fake_file.h"

namespace farm::catalog {
namespace {

SessionMark sample(unsigned seed) {
  SessionMark mark;
  for (std::size_t i = 0; i < mark.token.size(); ++i) {
    mark.token[i] = static_cast<std::byte>(seed + i * 3);
  }
  mark.added = 0x0102030405060708ULL * seed;
  return mark;
}

TEST(SessionFile, ComesBackAsItWas) {
  const Bytes bytes = encode_session(sample(5));
  EXPECT_EQ(bytes.size(), 64U);
  EXPECT_EQ(decode_session(bytes).value(), sample(5));
}

TEST(SessionFile, AnyFlippedBitIsSeen) {
  const Bytes good = encode_session(sample(5));
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    Bytes bytes = good;
    bytes[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
    EXPECT_EQ(decode_session(bytes).error().code, ErrorCode::kCorrupt) << bit;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(decode_session(ByteView(good).first(size)));
  }
}

TEST(SessionFile, IsReadFromItsDirectory) {
  io::FakeFileSystem disk;
  ASSERT_TRUE(disk.make_directories("/data"));
  EXPECT_FALSE(read_session(disk, "/data").value());
  ASSERT_TRUE(write_session(disk, "/data", sample(1)));
  ASSERT_TRUE(write_session(disk, "/data", sample(2)));
  EXPECT_EQ(*read_session(disk, "/data").value(), sample(2));
}

TEST(SessionFile, ADamagedOneIsNamed) {
  io::FakeFileSystem disk;
  ASSERT_TRUE(disk.make_directories("/data"));
  ASSERT_TRUE(write_session(disk, "/data", sample(1)));
  const ByteView junk = as_bytes("junk");
  ASSERT_TRUE(disk.open("/data/catalog.session", io::OpenMode::kReadWrite)
                  .value()
                  ->write_at(20, {&junk, 1}));
  const auto read = read_session(disk, "/data");
  EXPECT_EQ(read.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(read.error().context.find("/data/catalog.session"), std::string::npos);
}

// Power cut at every change that a write makes: the old mark or the new one, never neither.
TEST(SessionFile, APowerCutLeavesTheOldOneOrTheNew) {
  for (std::uint64_t cut = 1; cut <= 8; ++cut) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      io::FakeFileSystem disk(seed);
      ASSERT_TRUE(disk.make_directories("/data"));
      ASSERT_TRUE(write_session(disk, "/data", sample(1)));
      disk.cut_power_after(cut);
      const bool written = write_session(disk, "/data", sample(2)).has_value();
      disk.crash(seed);
      disk.clear_faults();
      const auto found = read_session(disk, "/data");
      ASSERT_TRUE(found && found.value()) << "cut " << cut << " seed " << seed;
      EXPECT_TRUE(*found.value() == sample(2) || (!written && *found.value() == sample(1)));
      ASSERT_TRUE(write_session(disk, "/data", sample(3))) << "a draft is in nobody's way";
      EXPECT_EQ(*read_session(disk, "/data").value(), sample(3));
    }
  }
}

}  // namespace
}  // namespace farm::catalog
