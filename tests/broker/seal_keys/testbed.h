// A broker without sockets whose secrets are sealed, with the routes of this room, a VAL server that has an
// agreement for the services "v2x" and "mcx", and one that may push keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "broker/exchange/peer_links.h"
#include "broker/seal_keys/capif.h"
#include "broker/seal_keys/service_key_procedures.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::seal_keys {

inline constexpr std::string_view kRecords = "/idms/v1/alpha/ss-kir/v1/key-records";
inline constexpr std::int64_t kNow = 1'700'000'000;

class SealBed : public identity::SealingBed {
 public:
  SealBed();
  ~SealBed();

  // A client of client_credentials; its secret stays here.
  void add_server(std::string client_id, std::string val_server_id, std::vector<std::string> services,
                  std::vector<std::string> scopes, bool may_push_keys = false);
  // "Bearer ..." of a fresh token. `scope` empty: all that is registered.
  std::string bearer(std::string_view client_id, std::string_view scope = {});

  // As "vs1-client".
  identity::Reply ask(std::string_view query, std::vector<std::pair<http::Field, std::string>> fields = {});
  identity::Reply ask_as(std::string authorization, http::Method method, std::string_view target, std::string body = {},
                         std::vector<std::pair<http::Field, std::string>> fields = {});

  ServiceKeys create(std::string_view service, Target target = {});
  static KeyName name(std::string_view service, Target target = {});
  // The JSON inside keyInfo of a reply.
  static std::string info_of(const identity::Reply& reply);
  static std::string kid_of(const identity::Reply& reply);
  std::string current_kid(const ServiceKeys& keys);

  // A core function "ccf.example", to whom we are "AEF-1"; `change` makes another draft of it.
  void add_core(std::vector<std::string> open_services = {"v2x"});
  CapifDraft core_draft() const;
  // Claims of a good token of invoker "inv-1"; a test changes what it is about. "" leaves a claim out.
  partners::ClaimTexts invoker_claims() const;
  std::string capif_bearer(const partners::ClaimTexts& claims) const {
    return "Bearer " + core.sign(partners::payload_of(claims), "JWT");
  }

  const partners::OtherSystem core{"ccf"};
  Capif capif;
  exchange::PeerLinks links;

 private:
  std::vector<std::pair<std::string, std::string>> secrets_;
};

}  // namespace claviger::seal_keys
