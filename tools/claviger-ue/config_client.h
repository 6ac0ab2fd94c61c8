// The configuration management client (TS 23.280 clause 10.1.4, TS 24.484 clause 6.3): a user's documents fetched over XCAP
// with his identity and access token, and heard of when they change.
//
// Names in the vault: "profile/" and the document's path below the XCAP root; the value is its entity tag, a line feed and
// its octets. A view of the account, which outlives it; saving is the caller's. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "tools/claviger-ue/account.h"

namespace claviger::ue {

// One document as the server gave it.
struct ProfileDocument {
  std::string path;  // below the root: "org.3gpp.mcptt.user-profile/users/sip:ann@a.example/mcptt-user-profile-0.xml"
  std::string etag;  // without quotes
  std::string text;
};

// One document of a notification (RFC 5874): what it points at, and nothing of its content.
struct DocumentChange {
  std::string path;
  std::string previous_etag;  // empty: it is new
  std::string new_etag;       // empty: it is gone
};

class ConfigClient {
 public:
  explicit ConfigClient(Account& account) : account_(account) {}

  // The user's own documents of all usages that his token opens, by the directory (OMA XDM). AccessDenied: the server
  // refuses; NotFound: it has no directory of his.
  Result<std::vector<std::string>> directory();
  // Nothing: it is what is kept already. AccessDenied, NotFound; ProtocolError: an answer that is none.
  Result<std::optional<ProfileDocument>> fetch(const std::string& path);
  // The path of a profile by service and index.
  std::string path_of(std::string_view service, unsigned index) const;

  Result<Unit> keep(const ProfileDocument& document);
  void forget(std::string_view path);
  std::optional<ProfileDocument> kept(std::string_view path) const;
  std::vector<std::string> kept_paths() const;

  // The request that is answered when one of the kept documents is another one: its URL, at most `seconds` open.
  // Empty: nothing was fetched, so there is nothing to hear of (TS 23.280 clause 10.1.4.4).
  std::string changes_url(int seconds) const;

 private:
  std::string root() const;

  Account& account_;
};

// An xcap-diff document. XmlSyntax and what the guard says; ProtocolError: another root.
Result<std::vector<DocumentChange>> read_changes(std::string_view text);

}  // namespace claviger::ue
