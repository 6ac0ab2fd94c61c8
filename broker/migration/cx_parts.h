// Parts of Cx messages as the relay takes and writes them (TS 29.229 clause 6.3; RFC 3310).
//
// Views into a message, or text of fixed size; nothing allocates. On the message's shard.
#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "broker/subscriber/cx.h"
#include "core/diameter/message.h"
#include "core/diameter/message_builder.h"

namespace claviger::migration {

// The codes are the SIP database's: this room stands above it.
namespace cx = subscriber::cx;

// SIP-Auth-Data-Item of a request: its scheme, and RAND with AUTS of a module that is out of step.
struct AuthItem {
  bool is_well_formed = true;
  bool is_aka = true;   // Digest-AKAv1-MD5, or left open
  Bytes authorization;  // 30 octets, or none
};
AuthItem read_auth_item(const diameter::Message& request);

// What goes on of it: the children that we know, and no other.
class AuthItemBytes {
 public:
  explicit AuthItemBytes(const AuthItem& item);
  Bytes bytes() const { return Bytes(bytes_).first(size_); }

 private:
  void put(const diameter::AvpId& id, Bytes data);
  std::array<std::byte, 96> bytes_{};
  std::size_t size_ = 0;
};

// "sip:migration-SYSTEM.mms.DOMAIN", or a name as it is.
class ServerNameText {
 public:
  explicit ServerNameText(std::string_view name) { add(name); }
  ServerNameText(std::string_view system, std::string_view domain) {
    add("sip:migration-").add(system).add(".mms.").add(domain);
  }
  std::string_view view() const { return {text_.data(), size_}; }

 private:
  ServerNameText& add(std::string_view part) {
    const std::size_t size = std::min(part.size(), text_.size() - size_);
    std::copy_n(part.data(), size, text_.data() + size_);
    size_ += size;
    return *this;
  }
  std::array<char, 640> text_;
  std::size_t size_ = 0;
};

// A vector of an answer, each part of the length that S-CSCFs expect without looking.
struct VectorParts {
  Bytes authenticate;  // RAND AUTN, 32 octets
  Bytes expected;      // XRES, 4 to 16 octets
  Bytes ck;            // 16 octets
  Bytes ik;            // 16 octets
};
// The first item of the lowest number; nothing when there is none, or it is not one of AKA.
std::optional<VectorParts> read_vector(const diameter::Message& answer);
void write_vector(diameter::MessageBuilder& answer, const VectorParts& vector);

// Server-Assignment-Types (TS 29.229 clause 6.3.15) that home hears of: they end that it holds him for being authenticated.
inline bool is_told_home(std::uint32_t type) {
  return type == 4 || type == 5 || type == 8 || type == 9 || type == 10 || type == 11;
}

// What every answer of Cx begins with, behind Session-Id and origin.
void write_head(diameter::MessageBuilder& answer, const diameter::Message& request);
// S-CSCFs want them in errors, too.
void write_identities(diameter::MessageBuilder& answer, const diameter::Message& request);

}  // namespace claviger::migration
