// A broker without sockets as tests/broker/identity/testbed.h, with the provisioning routes, a VAL server that has an
// agreement for the services "v2x" and "mcx", and a VAL application.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/broker/identity/testbed.h"

namespace claviger::provisioning {

inline constexpr std::string_view kAt = "/idms/v1/alpha/ss-ipp/v1/configurations";
// {"valServerId":"vs1","valSvcConf":[{"valServiceId":"v2x","idList":[{"valUserId":"ann@v2x"}]}]}
std::string body_for(std::string_view server, std::string_view service, const std::vector<std::string>& users);

class ProvisioningBed : public identity::Testbed {
 public:
  ProvisioningBed();

  // A client of client_credentials; its secret stays here.
  void add_server(std::string client_id, std::string val_server_id, std::vector<std::string> services,
                  std::vector<std::string> scopes = {"ss-ipp"});
  // "Bearer ..." of a fresh token. `scope` empty: all that is registered.
  std::string bearer(std::string_view client_id, std::string_view scope = "ss-ipp");

  // As VAL server "vs1".
  identity::Reply ask(http::Method method, std::string_view path, std::string body = {},
                      std::vector<std::pair<http::Field, std::string>> fields = {});
  identity::Reply ask_as(std::string authorization, http::Method method, std::string_view path, std::string body = {},
                         std::vector<std::pair<http::Field, std::string>> fields = {});
  // The Location of a configuration of vs1, below kAt.
  std::string create(std::string_view service, const std::vector<std::string>& users);

  identity::User add_val_user(std::string login, std::vector<std::string> val_user_ids);
  identity::Reply val_tokens(std::string_view scope);  // of "ann" with the client "val-app"
  identity::Reply refresh(const std::string& refresh_token);
  bool is_good(const std::string& access_token);

 private:
  std::vector<std::pair<std::string, std::string>> secrets_;
};

}  // namespace claviger::provisioning
