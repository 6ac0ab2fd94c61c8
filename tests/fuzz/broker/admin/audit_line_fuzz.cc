// Any text for a line of the audit log: none that we did not write is taken for ours.
#include <cstdint>
#include <string>

#include "broker/admin/audit_line.h"
#include "core/base/assert.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace claviger;
  static const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CLAVIGER_ASSERT(!admin::read_line(key, text));
  static_cast<void>(admin::decode_audit_head(as_bytes(text)));
  // As what a peer had a say in: it comes back whole, on one line.
  admin::AuditEntry entry;
  entry.verb = "user.disable";
  entry.target = text.substr(0, size / 2);
  entry.outcome = "ok";
  entry.detail = text.substr(size / 2);
  const admin::ChainedLine line = admin::chain_line(key, {}, WallTime(Milliseconds(1'764'000'000'000)), entry);
  CLAVIGER_ASSERT(line.text.find('\n') == line.text.size() - 1);
  const auto read = admin::read_line(key, std::string_view(line.text).substr(0, line.text.size() - 1));
  CLAVIGER_ASSERT(read && read->head == line.head);
  return 0;
}
