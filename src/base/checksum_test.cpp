#include "base/checksum.h"

#include <gtest/gtest.h>

#include <random>

#include "base/checksum_ways.h"

namespace farm {
namespace {

// By the definition: bit for bit.
std::uint32_t reference(ByteView bytes, std::uint32_t state) {
  for (const std::byte byte : bytes) {
    state ^= std::to_integer<std::uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) state = state >> 1 ^ ((state & 1) != 0 ? 0x82f63b78 : 0);
  }
  return state;
}

Bytes noise(std::size_t size) {
  std::mt19937_64 random(size);
  Bytes bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
  return bytes;
}

// Every way that this CPU knows.
class ChecksumWays : public ::testing::Test {
 protected:
  void expect_right(ByteView bytes, std::uint32_t state) {
    const std::uint32_t expected = reference(bytes, state);
    for (const checksum::Way& way : checksum::ways()) {
      if (!way.works_here) continue;
      ASSERT_EQ(way.update(state, bytes), expected)
          << way.name << ", " << bytes.size() << " bytes at "
          << reinterpret_cast<std::uintptr_t>(bytes.data()) % 64;
    }
  }
};

TEST(Checksum, HasTheValuesOfRfc3720) {
  Bytes bytes(32);
  EXPECT_EQ(crc32c(bytes), 0x8a9136aaU);  // zeros
  std::ranges::fill(bytes, std::byte{0xff});
  EXPECT_EQ(crc32c(bytes), 0x62a8ab43U);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(i);
  EXPECT_EQ(crc32c(bytes), 0x46dd794eU);
  for (std::size_t i = 0; i < 32; ++i) bytes[i] = static_cast<std::byte>(31 - i);
  EXPECT_EQ(crc32c(bytes), 0x113fdb5cU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Checksum, ContinuesFromAPrefix) {
  const Bytes bytes = noise(1500);
  const ByteView view = bytes;
  const std::uint32_t whole = crc32c(view);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    ASSERT_EQ(crc32c(view.subspan(cut), crc32c(view.first(cut))), whole) << cut;
  }
}

TEST(Checksum, LeavesOutItsOwnPlace) {
  Bytes bytes = noise(64);
  const std::uint32_t around = crc32c_around(bytes, 12);
  store_le(bytes, 12, around);
  EXPECT_EQ(crc32c_around(bytes, 12), around) << "whatever stands there";
  store_le(bytes, 12, std::uint32_t{0});
  EXPECT_EQ(crc32c(bytes), around);
  EXPECT_EQ(crc32c(bytes, 7), crc32c_around(bytes, 12, 7));
}

TEST_F(ChecksumWays, OneOfThemWorksEverywhere) {
  ASSERT_FALSE(checksum::ways().empty());
  EXPECT_TRUE(checksum::ways().back().works_here);
}

TEST_F(ChecksumWays, AreRightForEveryLengthAndAlignment) {
  const Bytes bytes = noise(64 + 1300);
  for (std::size_t length = 0; length <= 1300 && !HasFatalFailure(); ++length) {
    // Each alignment many times, all of them for lengths around whole vectors.
    const bool near_a_vector = (length + 1) % 64 <= 2;
    const std::size_t step = near_a_vector ? 1 : 13;
    for (std::size_t at = near_a_vector ? 0 : length % 13; at < 64; at += step) {
      expect_right(ByteView(bytes).subspan(at, length), 0xffff'ffff);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(ChecksumWays, AreRightFromAnyState) {
  const Bytes bytes = noise(700);
  std::mt19937 random(1);
  for (int i = 0; i < 500 && !HasFatalFailure(); ++i) {
    expect_right(ByteView(bytes).first(random() % bytes.size()),
                 static_cast<std::uint32_t>(random()));
  }
}

TEST_F(ChecksumWays, AreRightForLongOnes) {
  const Bytes bytes = noise((1 << 20) + 37);
  for (const std::size_t length :
       {std::size_t{64} << 10, (std::size_t{64} << 10) + 1, bytes.size()}) {
    expect_right(ByteView(bytes).first(length), 0xffff'ffff);
  }
}

// A wrong bit anywhere is seen, wherever it falls among the vectors.
TEST_F(ChecksumWays, SeeEveryFlippedBit) {
  Bytes bytes = noise(777);
  for (const checksum::Way& way : checksum::ways()) {
    if (!way.works_here) continue;
    const std::uint32_t good = way.update(0, bytes);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      const std::byte mask{static_cast<std::uint8_t>(1 << bit % 8)};
      bytes[bit / 8] ^= mask;
      ASSERT_NE(way.update(0, bytes), good) << way.name << ", bit " << bit;
      bytes[bit / 8] ^= mask;
    }
  }
}

}  // namespace
}  // namespace farm
