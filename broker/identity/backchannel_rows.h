// What is told to servers when a session ends (OIDC Back-Channel Logout): rows of tables::kOutbox, put into the transaction
// that ends the session, so that kill -9 loses none.
//
//   "e." sid    payload: tenant NUL sid NUL sub NUL client_id          ; a session ended: whom it concerns is seen later
//   "d." jti    payload: tenant NUL sid NUL sub NUL client_id NUL jti  ; tell this client of it
// The jti follows from sid and client: a server that is told twice recognises it. Pure functions, any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/identity/session.h"
#include "core/base/result.h"
#include "storage/outbox_row.h"
#include "storage/transaction.h"

namespace claviger::identity {

inline constexpr std::string_view kSessionEndedPrefix = "e.";
inline constexpr std::string_view kLogoutPrefix = "d.";

struct EndedSession {
  std::string tenant;
  std::string sid;
  std::string sub;
  std::string client_id;  // of the session, or who is told
  std::string jti;        // of the logout token; empty: not for one client yet
};

void put_session_ended(storage::Transaction& transaction, std::string_view tenant, const Session& session,
                       std::int64_t now);
void put_logout(storage::Transaction& transaction, const EndedSession& ended, std::string_view client_id,
                std::int64_t now);
// Corrupt.
Result<EndedSession> read_ended_session(const storage::OutboxRow& row);

}  // namespace claviger::identity
