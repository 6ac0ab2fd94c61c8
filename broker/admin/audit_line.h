// One line of the audit log, and the chain that joins it to the line before.
//
//   line  = "{" seq "," prev "," time "," uid "," pid "," verb "," target "," outcome "," detail "," hash "}" LF
//   seq   = "\"seq\":" 1*20DIGIT             one more than the line before
//   prev  = "\"prev\":\"" 64HEX "\""         its hash; zeros before the first
//   hash  = "\"hash\":\"" 64HEX "\""         HMAC-SHA-256 of all that stands before the comma of ,"hash"
// Example (hashes cut):
//   {"seq":7,"prev":"91c0...","time":"2026-03-01T12:00:00.250Z","uid":0,"pid":4711,"verb":"user.disable",
//    "target":"alpha/alice","outcome":"ok","detail":"","hash":"5e02..."}
// The key is the installation's, sealed in the store: whoever can write the file cannot continue the chain. Pure
// functions, any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/crypto/hmac.h"

namespace claviger::admin {

// A line of ours has some 500 bytes. Its four texts are cut to kAuditTextMax each, which escapes may make six times as
// long.
inline constexpr std::size_t kAuditLineBytesMax = 32 * 1024;
inline constexpr std::size_t kAuditTextMax = 1024;

struct AuditEntry {
  std::uint32_t uid = 0;
  std::int32_t pid = 0;
  std::string verb;     // "user.disable"
  std::string target;   // "alpha/alice"
  std::string outcome;  // "begun", "ok", or a Code's name
  std::string detail;
};

// Where a chain stands: its last line.
struct AuditHead {
  std::uint64_t seq = 0;  // 0: no line yet
  crypto::Sha256Digest hash{};
  bool operator==(const AuditHead&) const = default;
};

struct ChainedLine {
  std::string text;  // with its line feed
  AuditHead head;    // of the chain with this line
};
ChainedLine chain_line(const crypto::HmacSha256& key, const AuditHead& before, WallTime time, const AuditEntry& entry);

struct ReadLine {
  AuditHead head;
  crypto::Sha256Digest prev{};
  bool opens_a_file = false;  // verb audit.open: a log may begin with it
  std::string break_found;    // an audit.start or audit.open says that entries before it are not there: why
};
// `line` without its line feed. Corrupt (not of that form), SignatureInvalid (the hash is not ours).
Result<ReadLine> read_line(const crypto::HmacSha256& key, std::string_view line);

// The record of tables::kInstallation, key "audit-breaks": version (1 byte, 1) | how many (8 bytes BE).
inline constexpr std::string_view kAuditBreaksKey = "audit-breaks";
std::string encode_audit_breaks(std::uint64_t breaks);
// Corrupt or SchemaTooNew.
Result<std::uint64_t> decode_audit_breaks(Bytes value);

// The record of tables::kInstallation, key "audit-head": version (1 byte, 1) | seq (8 bytes BE) | hash (32 bytes).
inline constexpr std::string_view kAuditHeadKey = "audit-head";
std::string encode_audit_head(const AuditHead& head);
// Corrupt or SchemaTooNew.
Result<AuditHead> decode_audit_head(Bytes value);

}  // namespace claviger::admin
