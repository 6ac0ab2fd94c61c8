#include "core/crypto/aka/milenage.h"

#include <algorithm>
#include <cstring>

namespace claviger::aka {
namespace {

void add(Block& to, const Block& what) {
  std::array<std::uint64_t, 2> left;
  std::array<std::uint64_t, 2> right;
  std::memcpy(left.data(), to.data(), sizeof(Block));
  std::memcpy(right.data(), what.data(), sizeof(Block));
  left[0] ^= right[0];
  left[1] ^= right[1];
  std::memcpy(to.data(), left.data(), sizeof(Block));
}

// A cyclic rotation towards the most significant octet. r1 to r5 are multiples of 32 bits.
template <std::size_t Octets>
Block rotated(const Block& block) {
  Block out;
  std::memcpy(out.data(), block.data() + Octets, sizeof(Block) - Octets);
  std::memcpy(out.data() + sizeof(Block) - Octets, block.data(), Octets);
  return out;
}

// TEMP xor OPc, rotated by r, xor c: what one of f2 to f5* encrypts.
template <std::size_t Octets>
Block input_of(const Block& mixed, unsigned constant) {
  Block out = rotated<Octets>(mixed);
  out[15] ^= static_cast<std::byte>(constant);
  return out;
}

}  // namespace

Milenage::Outputs::~Outputs() {
  wipe(response_and_key);
  wipe(cipher_key);
  wipe(integrity_key);
  wipe(resync_key);
}
Milenage::All::~All() { wipe(mac); }

Milenage::Milenage(std::span<const std::byte, 16> key, std::span<const std::byte, 16> opc, AesEngine engine)
    : cipher_(key, engine) {
  std::ranges::copy(opc, opc_.begin());
}
Milenage::~Milenage() { wipe(opc_); }

Secret<16> Milenage::opc(std::span<const std::byte, 16> key, std::span<const std::byte, 16> op) {
  const Aes128 cipher(key);
  Block block;
  std::ranges::copy(op, block.begin());
  cipher.encrypt({&block, 1});
  Secret<16> opc;
  for (std::size_t i = 0; i < sizeof(Block); ++i) opc.reveal_for_writing()[i] = block[i] ^ op[i];
  wipe(block);
  return opc;
}

Block Milenage::mixed(const Rand& rand) const {
  Block temp = rand;
  add(temp, opc_);
  cipher_.encrypt({&temp, 1});
  return temp;
}

Block Milenage::mac_of(const Block& temp, Sequence sequence, Amf amf) const {
  const std::uint64_t half =
      sequence << 16U | std::to_integer<std::uint64_t>(amf[0]) << 8U | std::to_integer<std::uint64_t>(amf[1]);
  Block in;  // SQN AMF SQN AMF
  store_be(MutableBytes(in), half);
  std::memcpy(in.data() + 8, in.data(), 8);
  add(in, opc_);
  Block block = rotated<8>(in);  // r1 = 64, c1 = 0
  add(block, temp);
  cipher_.encrypt({&block, 1});
  add(block, opc_);
  return block;
}

Milenage::Outputs Milenage::outputs_of(const Block& temp) const {
  Block base = temp;
  add(base, opc_);
  std::array<Block, 4> blocks{input_of<0>(base, 1), input_of<4>(base, 2), input_of<8>(base, 4), input_of<12>(base, 8)};
  cipher_.encrypt(blocks);
  for (Block& block : blocks) add(block, opc_);
  Outputs outputs{blocks[0], blocks[1], blocks[2], blocks[3]};
  wipe(std::as_writable_bytes(std::span(blocks)));
  wipe(base);
  return outputs;
}

Block Milenage::f1(const Rand& rand, Sequence sequence, Amf amf) const {
  Block temp = mixed(rand);
  const Block mac = mac_of(temp, sequence, amf);
  wipe(temp);
  return mac;
}

Milenage::Outputs Milenage::f2345(const Rand& rand) const {
  Block temp = mixed(rand);
  Outputs outputs = outputs_of(temp);
  wipe(temp);
  return outputs;
}

Milenage::All Milenage::all(const Rand& rand, Sequence sequence, Amf amf) const {
  Block temp = mixed(rand);
  All all{mac_of(temp, sequence, amf), outputs_of(temp)};
  wipe(temp);
  return all;
}

Block Milenage::f5_star(const Rand& rand) const {
  Block temp = mixed(rand);
  add(temp, opc_);
  Block block = input_of<12>(temp, 8);
  cipher_.encrypt({&block, 1});
  add(block, opc_);
  wipe(temp);
  return block;
}

}  // namespace claviger::aka
