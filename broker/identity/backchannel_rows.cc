#include "broker/identity/backchannel_rows.h"

#include <vector>

#include "broker/record_key.h"
#include "broker/tables.h"
#include "core/codec/base64url.h"
#include "core/crypto/digest.h"

namespace claviger::identity {

namespace tables = broker::tables;

namespace {

constexpr std::size_t kJtiBytes = 16;
constexpr std::size_t kParts = 4;

std::string jti_of(std::string_view tenant, std::string_view sid, std::string_view client_id) {
  const std::string text = broker::record_key({"logout", tenant, sid, client_id});
  const auto digest = crypto::sha256(as_bytes(text));
  std::string jti;
  codec::base64url_encode(std::span(digest).first(kJtiBytes), jti);
  return jti;
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t end = text.find('\0');
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos || parts.size() > kParts) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

void put_session_ended(storage::Transaction& transaction, std::string_view tenant, const Session& session,
                       std::int64_t now) {
  const std::string payload = broker::record_key({tenant, session.sid, session.sub, session.client_id});
  storage::put_outbox_row(transaction, tables::kOutbox, now, std::string(kSessionEndedPrefix) + session.sid,
                          as_bytes(payload));
}

void put_logout(storage::Transaction& transaction, const EndedSession& ended, std::string_view client_id,
                std::int64_t now) {
  const std::string jti = jti_of(ended.tenant, ended.sid, client_id);
  const std::string payload = broker::record_key({ended.tenant, ended.sid, ended.sub, client_id, jti});
  storage::put_outbox_row(transaction, tables::kOutbox, now, std::string(kLogoutPrefix) + jti, as_bytes(payload));
}

Result<EndedSession> read_ended_session(const storage::OutboxRow& row) {
  const bool is_logout = row.id.starts_with(kLogoutPrefix);
  const auto parts = split(row.payload);
  if (parts.size() != (is_logout ? kParts + 1 : kParts)) return Error{Code::Corrupt, "outbox.logout"};
  EndedSession ended;
  ended.tenant = parts[0];
  ended.sid = parts[1];
  ended.sub = parts[2];
  ended.client_id = parts[3];
  if (is_logout) ended.jti = parts[4];
  return ended;
}

}  // namespace claviger::identity
