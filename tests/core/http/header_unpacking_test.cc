#include "core/http/header_unpacking.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <string>

#include "tests/core/http/frames.h"
#include "tests/core/http/inflated.h"

namespace claviger::http {
namespace {

const std::string kToken =
    "Bearer " + std::string(90, 'e') + "yJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJodHRwczovL2EuZXhhbXBsZSJ9";

InflatedFields token_request(const std::string& path) {
  return {{":method", "POST"}, {":path", path}, {"authorization", kToken}, {"x-" + std::string(70, 'n'), "short"}};
}

// All that comes out when `bytes` come in pieces of `step`.
std::string unpacked(HeaderUnpacker& unpacker, std::string_view bytes, std::size_t step) {
  std::string out;
  SlabPool pool;
  UnpackRoom room(pool);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(step, bytes.size()))) {
    Bytes left = as_bytes(bytes.substr(0, step));
    for (Bytes part = unpacker.next(left, room); !part.empty(); part = unpacker.next(left, room)) out += as_text(part);
    EXPECT_TRUE(left.empty());
  }
  return out;
}

struct Frames {
  std::string raw;
  std::vector<std::string> payloads;  // of HEADERS
};
Frames frames_of(std::string_view bytes) {
  Frames found;
  while (bytes.size() >= 9) {
    const std::size_t length = load_be<std::uint32_t>(as_bytes(bytes)) >> 8U;
    if (bytes[3] == frames::kHeaders) found.payloads.emplace_back(bytes.substr(9, length));
    bytes.remove_prefix(9 + length);
  }
  EXPECT_TRUE(bytes.empty());
  return found;
}

TEST(HeaderUnpacking, TheSameFieldsInPiecesOfEverySize) {
  Deflater deflater;
  std::string sent(frames::kPreface);
  sent += frames::settings();
  std::vector<InflatedFields> wanted;
  for (std::uint32_t stream = 1; stream < 9; stream += 2) {
    wanted.push_back(token_request("/" + std::to_string(stream)));
    sent += frames::frame(frames::kHeaders, frames::kEndHeaders, stream, deflater.block(wanted.back()));
    sent += frames::data(stream, std::string(stream * 30, 'x'));
  }
  for (std::size_t step = 1; step <= sent.size(); ++step) {
    HeaderUnpacker unpacker;
    const std::string out = unpacked(unpacker, sent, step);
    ASSERT_TRUE(out.starts_with(frames::kPreface));
    const Frames frames = frames_of(std::string_view(out).substr(frames::kPreface.size()));
    ASSERT_EQ(frames.payloads.size(), wanted.size());
    Inflater inflater;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      EXPECT_EQ(inflater.read(as_bytes(frames.payloads[i])), wanted[i]) << step;
    }
    if (step == sent.size()) {
      EXPECT_NE(out.find(kToken), std::string::npos);
    }
    if (step == 1) {
      EXPECT_EQ(out, sent);
    }
  }
}

// Clients send a token anew with each request; one that differs in its last octet alone is another.
TEST(HeaderUnpacking, ALongStringThatComesAgainAndOneLikeIt) {
  const std::string first = "Bearer " + std::string(600, 'e') + "A";
  const std::string second = "Bearer " + std::string(600, 'e') + "B";
  Deflater deflater;
  std::string sent(frames::kPreface);
  std::vector<InflatedFields> wanted;
  for (const std::string& token : {first, first, second, first, second, second, first.substr(0, 500), first}) {
    wanted.push_back({{":method", "POST"}, {"authorization", token}});
    const auto stream = static_cast<std::uint32_t>(2 * wanted.size() - 1);
    sent += frames::frame(frames::kHeaders, frames::kEndHeaders, stream, deflater.block(wanted.back()));
  }
  HeaderUnpacker unpacker;
  const std::string out = unpacked(unpacker, sent, sent.size());
  const Frames frames = frames_of(std::string_view(out).substr(frames::kPreface.size()));
  ASSERT_EQ(frames.payloads.size(), wanted.size());
  Inflater inflater;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_NE(frames.payloads[i].find(wanted[i][1].second), std::string::npos) << i;
    EXPECT_EQ(inflater.read(as_bytes(frames.payloads[i])), wanted[i]) << i;
  }
}

TEST(HeaderUnpacking, AKnownStringIsCopiedAndNeverAnotherOne) {
  KnownString known;
  const std::string coded(300, 'c');
  EXPECT_TRUE(known.decoded(as_bytes(coded)).empty());
  known.keep(as_bytes(coded), as_bytes("what it means"));
  EXPECT_EQ(as_text(known.decoded(as_bytes(coded))), "what it means");
  for (std::size_t at = 0; at < coded.size(); ++at) {
    std::string other = coded;
    other[at] = 'd';
    EXPECT_TRUE(known.decoded(as_bytes(other)).empty()) << at;
  }
  EXPECT_TRUE(known.decoded(as_bytes(coded.substr(1))).empty());
  EXPECT_TRUE(known.decoded(Bytes()).empty());
  // Neither is worth it: what was known stays.
  known.keep(as_bytes(std::string(KnownString::kCodedMin - 1, 's')), as_bytes("short"));
  known.keep(as_bytes(std::string(KnownString::kCodedMax + 1, 'l')), as_bytes("long"));
  EXPECT_EQ(as_text(known.decoded(as_bytes(coded))), "what it means");
  // Of two lengths, one after the other in the same memory.
  const std::string shorter(200, 'x');
  known.keep(as_bytes(shorter), as_bytes("less"));
  EXPECT_EQ(as_text(known.decoded(as_bytes(shorter))), "less");
  EXPECT_TRUE(known.decoded(as_bytes(coded)).empty());
}

// The last string's padding is wrong: nghttp2 has to see that each time.
TEST(HeaderUnpacking, AStringThatIsNoneIsNotKept) {
  std::string block = Deflater().block({{"authorization", "Bearer " + std::string(600, 'e') + "A"}});
  block.back() = '\0';
  const std::string frame = frames::frame(frames::kHeaders, frames::kEndHeaders, 1, block);
  std::array<std::byte, kSlabBytes> out;
  KnownString known;
  for (int time = 0; time < 2; ++time) EXPECT_FALSE(unpack_headers(as_bytes(frame), out, nullptr, &known)) << time;
}

TEST(HeaderUnpacking, NoTokenStays) {
  const std::string head =
      frames::frame(frames::kHeaders, frames::kEndHeaders, 1, Deflater().block(token_request("/")));
  for (const bool goes_on : {true, false}) {
    HeaderUnpacker unpacker;
    std::string sent = std::string(frames::kPreface) + head;
    Bytes left = as_bytes(sent);
    SlabPool pool;
    std::optional<UnpackRoom> room(std::in_place, pool);
    EXPECT_EQ(unpacker.next(left, *room).size(), frames::kPreface.size());
    const Bytes part = unpacker.next(left, *room);
    EXPECT_NE(as_text(part).find(kToken), std::string_view::npos);
    goes_on ? void(unpacker.next(left, *room)) : room.reset();
    EXPECT_EQ(as_text(part), std::string(part.size(), '\0'));
  }
}

// A block that is given up after its token was decoded, and the octets behind the place where a string stood at first.
TEST(HeaderUnpacking, NoTokenStaysOfWhatIsGivenUp) {
  std::string block = Deflater().block({{"authorization", kToken}, {"x-" + std::string(70, 'n'), kToken}});
  block.back() = '\0';  // the last string's padding is wrong
  const std::string sent =
      std::string(frames::kPreface) + frames::frame(frames::kHeaders, frames::kEndHeaders, 1, block) +
      frames::frame(frames::kHeaders, frames::kEndHeaders, 3, Deflater().block(token_request("/")));
  SlabPool pool;
  {
    HeaderUnpacker unpacker;
    UnpackRoom room(pool);
    Bytes left = as_bytes(sent);
    while (!unpacker.next(left, room).empty()) {
    }
  }
  SlabWriter slab(pool, kSlabBytes);
  const std::string_view rest = as_text(Bytes(slab.unwritten()));
  for (std::size_t at = 0; at + 8 <= kToken.size(); ++at) {
    ASSERT_EQ(rest.find(std::string_view(kToken).substr(at, 8)), std::string_view::npos) << at;
  }
}

TEST(HeaderUnpacking, WithPriorityAndWithoutPadding) {
  const std::string block = Deflater().block(token_request("/"));
  std::array<std::byte, kSlabBytes> out;
  const auto unpack = [&](std::uint8_t flags, const std::string& payload) -> std::string {
    const auto size = unpack_headers(as_bytes(frames::frame(frames::kHeaders, flags, 1, payload)), out);
    return size ? std::string(as_text(Bytes(out).first(*size))) : std::string();
  };
  constexpr std::uint8_t kPriorityFlag = 0x20;
  const std::string prioritised = unpack(frames::kEndHeaders | kPriorityFlag, "prior" + block);
  ASSERT_FALSE(prioritised.empty());
  EXPECT_EQ(prioritised.substr(3, 11), std::string("\x01\x24\x00\x00\x00\x01prior", 11));
  EXPECT_EQ(Inflater().read(as_bytes(std::string_view(prioritised).substr(14))), token_request("/"));
  EXPECT_EQ(unpack(frames::kEndHeaders | kPriorityFlag, "abc"), "");
  EXPECT_EQ(unpack(frames::kEndHeaders | frames::kPadded, '\0' + block), "");
  EXPECT_EQ(unpack(0, block), "");  // the rest comes in CONTINUATION
  EXPECT_EQ(unpack(frames::kEndHeaders, ""), "");
}

// To be judged by nghttp2, as they are.
TEST(HeaderUnpacking, LeavesWhatItDoesNotUnderstand) {
  std::array<std::byte, kSlabBytes> out;
  const auto is_left = [&](const std::string& block) {
    return !unpack_headers(as_bytes(frames::frame(frames::kHeaders, frames::kEndHeaders, 1, block)), out);
  };
  const std::string good = Deflater().block({{"authorization", kToken}});
  ASSERT_FALSE(is_left(good));
  for (std::size_t size = 0; size < good.size(); ++size) EXPECT_TRUE(is_left(good.substr(0, size))) << size;
  std::string wrong = good;
  wrong.back() = '\0';  // padding of zeros
  EXPECT_TRUE(is_left(wrong));
  EXPECT_TRUE(is_left(std::string(1, '\xff') + std::string(4, '\xff') + good));  // an endless index
  EXPECT_TRUE(is_left(frames::block({{"authorization", kToken}})));              // not coded: nothing to gain
  EXPECT_TRUE(is_left(Deflater().block({{"authorization", "Bearer short"}})));
  // Longer than a frame may be when decoded.
  const std::string large =
      Deflater().block({{"authorization", std::string(15'000, 'e')}, {"x", std::string(9000, 'e')}});
  ASSERT_LE(large.size(), 16384U);
  EXPECT_TRUE(is_left(large));
}

}  // namespace
}  // namespace claviger::http
