#include "broker/admin/audit_line.h"

#include <charconv>
#include <cstdio>
#include <ctime>

#include "core/codec/hex.h"
#include "core/codec/json_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

constexpr std::size_t kHexHash = 2 * crypto::kSha256Bytes;
constexpr std::string_view kHashName = ",\"hash\":\"";
constexpr std::string_view kLineEnd = "\"}";
constexpr std::uint8_t kHeadVersion = 1;
constexpr std::size_t kHeadBytes = 1 + 8 + crypto::kSha256Bytes;
constexpr Error kMalformed{Code::Corrupt, "audit.line"};

std::string hex_of(const crypto::Sha256Digest& digest) {
  std::string text;
  codec::hex_encode(digest, text);
  return text;
}

std::string_view cut(std::string_view text) { return text.substr(0, kAuditTextMax); }

std::string time_of(WallTime time) {
  const auto seconds = std::chrono::floor<Seconds>(time);
  const std::time_t whole = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&whole, &parts);
  std::array<char, 48> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>((time - seconds).count()));
  return text.data();
}

// What the hash covers.
std::string body_of(const AuditHead& before, WallTime time, const AuditEntry& entry) {
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("seq", before.seq + 1).member("prev", hex_of(before.hash));
  json.member("time", time_of(time)).member("uid", entry.uid).member("pid", entry.pid);
  json.member("verb", cut(entry.verb)).member("target", cut(entry.target));
  json.member("outcome", cut(entry.outcome)).member("detail", cut(entry.detail)).end_object();
  text.pop_back();  // the brace: the hash comes before it
  return text;
}

Result<crypto::Sha256Digest> digest_of(std::string_view hex) {
  crypto::Sha256Digest digest{};
  const auto size = codec::hex_decode(hex, digest);
  if (!size || *size != digest.size()) return kMalformed;
  return digest;
}

}  // namespace

ChainedLine chain_line(const crypto::HmacSha256& key, const AuditHead& before, WallTime time, const AuditEntry& entry) {
  ChainedLine line;
  line.text = body_of(before, time, entry);
  line.head.seq = before.seq + 1;
  line.head.hash = key.compute(as_bytes(line.text));
  line.text.append(kHashName).append(hex_of(line.head.hash)).append(kLineEnd).append("\n");
  return line;
}

Result<ReadLine> read_line(const crypto::HmacSha256& key, std::string_view line) {
  constexpr std::size_t kTail = kHashName.size() + kHexHash + kLineEnd.size();
  if (line.size() <= kTail || line.size() > kAuditLineBytesMax) return kMalformed;
  const std::string_view body = line.substr(0, line.size() - kTail);
  const std::string_view tail = line.substr(body.size());
  if (!tail.starts_with(kHashName) || !tail.ends_with(kLineEnd)) return kMalformed;
  ReadLine read;
  CLAVIGER_TRY(hash, digest_of(tail.substr(kHashName.size(), kHexHash)));
  read.head.hash = hash;
  if (!key.verify(as_bytes(body), read.head.hash)) return Error{Code::SignatureInvalid, "audit.line"};

  // From here on the line is one of ours.
  codec::JsonReader reader;
  CLAVIGER_TRY(value, reader.parse(line));
  CLAVIGER_TRY(object, value.as_object());
  CLAVIGER_TRY(seq_value, object.at("seq"));
  CLAVIGER_TRY(seq, seq_value.as_uint());
  CLAVIGER_TRY(prev_text, object.string_at("prev"));
  CLAVIGER_TRY(prev, digest_of(prev_text));
  CLAVIGER_TRY(verb, object.string_at("verb"));
  read.head.seq = seq;
  read.prev = prev;
  read.opens_a_file = verb == "audit.open";
  if (read.opens_a_file || verb == "audit.start") {
    CLAVIGER_TRY(outcome, object.string_at("outcome"));
    CLAVIGER_TRY(detail, object.string_at("detail"));
    if (outcome == "broken") read.break_found = detail.empty() ? "no reason" : std::string(detail);
  }
  return read;
}

std::string encode_audit_head(const AuditHead& head) {
  std::string record(kHeadBytes, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(record.data(), record.size()));
  bytes[0] = std::byte{kHeadVersion};
  store_be<std::uint64_t>(bytes.subspan(1), head.seq);
  std::memcpy(bytes.data() + 9, head.hash.data(), head.hash.size());
  return record;
}

Result<AuditHead> decode_audit_head(Bytes value) {
  if (value.empty() || value[0] == std::byte{0}) return Error{Code::Corrupt, "installation.audit-head"};
  if (value[0] != std::byte{kHeadVersion}) return Error{Code::SchemaTooNew, "installation.audit-head"};
  if (value.size() != kHeadBytes) return Error{Code::Corrupt, "installation.audit-head"};
  AuditHead head;
  head.seq = load_be<std::uint64_t>(value.subspan(1));
  std::memcpy(head.hash.data(), value.data() + 9, head.hash.size());
  return head;
}

std::string encode_audit_breaks(std::uint64_t breaks) {
  std::string record(9, '\0');
  const MutableBytes bytes = std::as_writable_bytes(std::span(record.data(), record.size()));
  bytes[0] = std::byte{kHeadVersion};
  store_be<std::uint64_t>(bytes.subspan(1), breaks);
  return record;
}

Result<std::uint64_t> decode_audit_breaks(Bytes value) {
  if (value.empty() || value[0] == std::byte{0}) return Error{Code::Corrupt, "installation.audit-breaks"};
  if (value[0] != std::byte{kHeadVersion}) return Error{Code::SchemaTooNew, "installation.audit-breaks"};
  if (value.size() != 9) return Error{Code::Corrupt, "installation.audit-breaks"};
  return load_be<std::uint64_t>(value.subspan(1));
}

}  // namespace claviger::admin
