// The room's procedures as values: what a SIP request asks for once its text is gone, and what comes of it. They travel to
// the home shard of the public identity (REGISTER, PUBLISH) or of the resource (SUBSCRIBE).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/registration/protected_info.h"
#include "broker/registration/records.h"
#include "broker/registration/token_facts.h"

namespace claviger::registration {

struct ClientServerKey;  // broker/registration/client_server_keys.h
using ClientServerKeyRef = std::shared_ptr<const ClientServerKey>;

// Publications and subscriptions shorter than this would keep us busy with refreshes (RFC 3903 clause 6, RFC 6665 4.2.1).
inline constexpr std::uint32_t kIntervalMin = 60;
// Without an Expires header.
inline constexpr std::uint32_t kIntervalDefault = 3600;

struct Authorisation {
  std::string service;
  std::string client_id;
  TokenFacts facts;
  std::uint32_t csk_id = 0;     // of the CSK that protects the request, or that it brings; 0: none
  ClientServerKeyRef uploaded;  // null: none, or one that is known already
};

// The Contacts of the REGISTER inside a third-party REGISTER: they are of one UE.
struct UeContact {
  std::string instance;
  std::vector<std::string> services;
};

struct RegisterRequest {
  std::string impu;
  std::uint32_t expires = 0;  // 0: gone
  std::string s_cscf;
  std::vector<std::string> path;
  std::string icid, orig_ioi, charging_functions, visited_network;
  std::optional<UeContact> contact;
  std::vector<Authorisation> authorisations;
  std::vector<ClientServerKeyRef> uploaded;  // keys that came without a token
};

struct PublishRequest {
  std::string impu;
  std::optional<std::string> if_match;
  std::uint32_t expires = kIntervalDefault;  // 0: removal
  std::string service;                       // of its info part; empty: it has none
  std::string client_id;
  std::string mc_service_id;  // of request-uri, without a token
  std::optional<Authorisation> authorisation;
  std::optional<ServiceSettings> settings;
  std::uint32_t csk_id = 0;     // without a token: as in Authorisation
  ClientServerKeyRef uploaded;  // the same
  Protection protection;        // which publish() compares with the service's policy and with whose publication it is
};
struct PublishOutcome {
  std::string etag;  // empty: removed
  std::int64_t granted = 0;
  std::string service;
  bool has_several_devices = false;
};

struct SubscribeRequest {
  Subscription subscription;  // what of it the request says; the dialog's local_tag empty for a new one
  std::uint32_t expires = kIntervalDefault;
};
struct SubscribeOutcome {
  std::string local_tag;
  std::int64_t granted = 0;
  std::shared_ptr<const void> until_answered;  // holds the NOTIFY back (answer_first.h)
};

}  // namespace claviger::registration
