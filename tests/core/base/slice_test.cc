#include "core/base/slice.h"

#include <gtest/gtest.h>

namespace claviger {
namespace {

TEST(Slice, KeepsItsSlabAliveAndGivesItBack) {
  SlabPool pool;
  {
    Slice part;
    {
      const Slice whole = Slice::copy_of(pool, as_bytes("key-bearer"));
      part = whole.part(4, 6);
      EXPECT_EQ(pool.in_use(), 1U);
    }
    EXPECT_EQ(pool.in_use(), 1U);
    EXPECT_EQ(part.text(), "bearer");
  }
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(Slice, PooledSlabsAreUsedAgain) {
  SlabPool pool;
  Slab* first = pool.take(10);
  first->references = 0;
  pool.give_back(first);
  Slab* second = pool.take(kSlabBytes);
  EXPECT_EQ(first, second);
  second->references = 0;
  pool.give_back(second);
}

TEST(SlabWriter, GrowsByMovingIntoABiggerSlab) {
  SlabPool pool;
  SlabWriter writer(pool, 8);
  const std::string chunk(kSlabBytes, 'x');
  writer.append_growing(chunk);
  writer.append_growing("end");
  const Slice slice = writer.finish();
  EXPECT_EQ(slice.size(), kSlabBytes + 3);
  EXPECT_EQ(slice.text().substr(kSlabBytes), "end");
  EXPECT_EQ(pool.in_use(), 1U);
}

TEST(SlabWriter, AnUnfinishedWriterGivesItsSlabBack) {
  SlabPool pool;
  { const SlabWriter writer(pool, 8); }
  EXPECT_EQ(pool.in_use(), 0U);
}

TEST(SliceDeath, APartBeyondTheEndIsOurMistake) {
  SlabPool pool;
  const Slice slice = Slice::copy_of(pool, as_bytes("abc"));
  EXPECT_DEATH(static_cast<void>(slice.part(2, 2)), "assertion failed");
}

TEST(Bytes, BigEndianRoundTrip) {
  std::array<std::byte, 4> wire{};
  store_be<std::uint32_t>(wire, 0x01020304);
  EXPECT_EQ(wire[0], std::byte{1});
  EXPECT_EQ(load_be<std::uint32_t>(wire), 0x01020304U);
  EXPECT_EQ(load_be<std::uint16_t>(Bytes(wire).subspan(2)), 0x0304U);
}

}  // namespace
}  // namespace claviger
