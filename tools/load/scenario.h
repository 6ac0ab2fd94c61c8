// What is asked, and what must come back. A scenario belongs to one worker thread; each slot (a stream in flight) asks
// it for its next request and gives it the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace claviger::load {

struct RequestHeader {
  std::string name;
  std::string value;
};
struct Request {
  std::string method = "POST";
  std::string path;
  std::vector<RequestHeader> headers;
  std::string body;
};
struct Answer {
  int status = 0;
  std::string location;
  std::string cookie;  // of Set-Cookie, up to ';'
  std::string retry_after;
  std::string body;
};

// How a slot's step ended.
enum class Step : std::uint8_t {
  Done,    // one operation of the scenario is complete and good
  More,    // the operation goes on with a further request
  Failed,  // the answer was not what it must be
  Refused  // the server said 503 or 429 with Retry-After: overload, told in the protocol's words
};

class Scenario {
 public:
  virtual ~Scenario() = default;
  // Open loop: false when nobody has anything to ask at this instant.
  virtual bool has_next(std::chrono::steady_clock::time_point) { return true; }
  virtual Request next(std::size_t slot) = 0;
  virtual Step finish(std::size_t slot, const Answer& answer) = 0;
};

struct ScenarioOptions {
  std::string name;  // introspect, introspect-users, client-credentials, refresh, sign-in, keys, keys-..., discovery
  std::string path_prefix;  // of the issuer: /idms/v1/alpha
  std::string client_id;    // public client for sign-in and refresh
  std::string redirect_uri;
  std::string scope;
  std::string server_client_id;
  std::string server_client_secret;
  std::string username;  // with users > 1: username + number
  std::string password;
  std::size_t users = 1;
  std::size_t first_user = 0;
  std::size_t slots = 1;  // of this worker
  std::size_t worker = 0;
  std::size_t tokens = 1;  // introspect...: different tokens to ask about; keys: users who ask
  std::string kms_path;    // of the KMS: /keymanagement/identity/v1
  // keys-... (keys_scenario.h)
  std::string origin;  // https://host:port
  std::string kms_uri;
  std::string kms_user_uri;
  std::string ink_id;
  std::string trk_id;
  std::size_t users_done = 0;  // sign-in: how many of them a run before this one has signed in
  std::string tokens_file;     // sign-in: access tokens are written here, one a line
};

// Null for a name that is not one.
std::unique_ptr<Scenario> make_scenario(const ScenarioOptions& options);
// One operation after another, over a connection of its own: what a scenario must have before it begins (tokens).
using Exchange = std::function<Answer(const Request&)>;
bool prepare_scenario(Scenario& scenario, const Exchange& exchange, std::string& why);

}  // namespace claviger::load
