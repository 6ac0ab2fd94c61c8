// A subscription to changes of documents over SIP (Event: xcap-diff; RFC 5875, TS 24.484 clause 6.3.13), as it is kept: the
// dialog, what is watched, and which entity tags were heard of last. What has to be told follows from these and from the
// documents, so a change of a document puts down nothing for a subscriber.
//
//   kDocumentSubscriptions   tenant NUL "d" NUL local-tag               the subscription
//                            tenant NUL "w" NUL path NUL local-tag      index by what is watched
//                            tenant NUL "i" NUL identity NUL local-tag  index by whose it is
//                            tenant NUL "u", "s", "j" NUL sub, sid, jti NUL local-tag   by what a revocation names
//                            tenant NUL "p" NUL path                    a change that is being told (document_fan_out.h)
// A path is a document's canonical selector, or that of all documents of a user and usage, which ends in '/'. Pure
// functions, any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/configuration/document_name.h"
#include "core/base/result.h"
#include "core/sip/notifier_dialog.h"
#include "core/sip/subscription_life.h"
#include "storage/transaction.h"
#include "storage/value.h"

namespace claviger::configuration {

// Of one subscription: a user's profiles and the configurations of his services.
inline constexpr std::size_t kSelectorsMax = 16;
// Of one identity: his UEs; a server's, one a kind of document.
inline constexpr std::size_t kSubscriptionsPerIdentityMax = 256;

struct DocumentSubscription {
  sip::NotifierDialog dialog;
  std::string subscriber;                   // the identity that the core asserted
  std::string identity;                     // of the token, canonical; of a server: the subscriber
  std::vector<std::string> watched;         // selectors as they were written; a folder ends in '/'
  std::map<std::string, std::string> told;  // canonical path -> entity tag
  std::string sub, sid, jti;                // of the token; empty: there was none
  std::int64_t token_issued_at = 0;
  sip::SubscriptionLife life;
  std::int64_t created_at = 0;
  std::uint64_t version = 0;
};

// What a selector names. A folder: all documents of one user and usage; DocumentName::name is empty.
struct WatchedPath {
  DocumentName name;
  bool is_folder = false;
};
// UriPathInvalid.
Result<WatchedPath> read_watched(std::string_view selector);
std::string path_of(const WatchedPath& watched);

std::string subscription_key(std::string_view tenant, std::string_view local_tag);
// `kind`: "w", "i", "u", "s" or "j".
std::string subscriptions_prefix(std::string_view tenant, std::string_view kind, std::string_view id);
// The last part of an index row's key.
std::string_view tag_of_row(std::string_view key);

std::string encode(const DocumentSubscription& subscription);
// Corrupt, SchemaTooNew.
Result<DocumentSubscription> decode_document_subscription(const storage::Value& value, std::string_view local_tag);

// Expects the version that was read (0: absent); index rows with a new one.
void put(storage::Transaction& change, std::string_view tenant, const DocumentSubscription& subscription);
void erase(storage::Transaction& change, std::string_view tenant, const DocumentSubscription& subscription);

}  // namespace claviger::configuration
