#include "tools/load/scenario.h"

#include <fstream>

#include "tools/load/form.h"
#include "tools/load/keys_scenario.h"

namespace claviger::load {
namespace {

Request form_post(const std::string& path, std::string body) {
  Request request;
  request.path = path;
  request.headers.push_back({"content-type", "application/x-www-form-urlencoded"});
  request.body = std::move(body);
  return request;
}

Step step_of(int status, bool is_good) {
  if (status == 503 || status == 429) return Step::Refused;
  return is_good ? Step::Done : Step::Failed;
}

// One fixed request again and again.
class Fixed final : public Scenario {
 public:
  Fixed(Request request, int status) : request_(std::move(request)), status_(status) {}
  Request next(std::size_t) override { return request_; }
  Step finish(std::size_t, const Answer& answer) override { return step_of(answer.status, answer.status == status_); }

 private:
  Request request_;
  int status_;
};

class ClientCredentials final : public Scenario {
 public:
  explicit ClientCredentials(const ScenarioOptions& options) {
    request_ = form_post(options.path_prefix + "/token", "grant_type=client_credentials");
    request_.headers.push_back({"authorization", basic(options.server_client_id, options.server_client_secret)});
  }
  Request next(std::size_t) override { return request_; }
  Step finish(std::size_t, const Answer& answer) override {
    return step_of(answer.status, answer.status == 200 && answer.body.find("access_token") != std::string::npos);
  }

 private:
  Request request_;
};

// Authorization code with PKCE: login page, credentials, code, tokens. With `refreshes` the operation that counts is
// the refresh that follows for ever after.
class SignIn final : public Scenario {
 public:
  SignIn(const ScenarioOptions& options, bool refreshes)
      : options_(options), refreshes_(refreshes), slots_(options.slots) {
    user_ = options.users_done;
    if (!options.tokens_file.empty()) tokens_out_.open(options.tokens_file, std::ios::app);
  }

  Request next(std::size_t index) override {
    Slot& slot = slots_[index];
    switch (slot.stage) {
      case Stage::Authorize:
        return authorize(slot);
      case Stage::Credentials:
        return credentials(slot);
      case Stage::Redeem:
        return redeem(slot);
      case Stage::Refresh:
        break;
    }
    return form_post(options_.path_prefix + "/token", "grant_type=refresh_token&client_id=" + options_.client_id +
                                                          "&refresh_token=" + slot.refresh_token);
  }

  Step finish(std::size_t index, const Answer& answer) override {
    Slot& slot = slots_[index];
    if (answer.status == 503 || answer.status == 429) {
      if (slot.stage != Stage::Refresh) slot.stage = Stage::Authorize;
      return Step::Refused;
    }
    switch (slot.stage) {
      case Stage::Authorize:
        slot.interaction = hidden_field(answer.body, "interaction");
        slot.cookie = answer.cookie;
        return go_on(slot, answer.status == 200 && !slot.interaction.empty(), Stage::Credentials);
      case Stage::Credentials:
        slot.code = query_value(answer.location, "code");
        return go_on(slot, answer.status == 302 && !slot.code.empty(), Stage::Redeem);
      case Stage::Redeem:
        slot.refresh_token = member_of(answer.body, "refresh_token");
        if (answer.status != 200 || slot.refresh_token.empty()) return go_on(slot, false, Stage::Authorize);
        if (tokens_out_.is_open()) tokens_out_ << member_of(answer.body, "access_token") << '\n';
        slot.stage = refreshes_ ? Stage::Refresh : Stage::Authorize;
        return Step::Done;
      case Stage::Refresh: {
        std::string successor = member_of(answer.body, "refresh_token");
        if (answer.status != 200 || successor.empty()) return go_on(slot, false, Stage::Authorize);
        slot.refresh_token = std::move(successor);
        return Step::Done;
      }
    }
    return Step::Failed;
  }

 private:
  enum class Stage : std::uint8_t { Authorize, Credentials, Redeem, Refresh };
  struct Slot {
    Stage stage = Stage::Authorize;
    std::string verifier, interaction, cookie, code, refresh_token;
  };

  // A prime: one after another from all over the table, each once before anyone comes again.
  static constexpr std::size_t kStride = 1'000'003;
  static Step go_on(Slot& slot, bool is_good, Stage next_stage) {
    slot.stage = is_good ? next_stage : Stage::Authorize;
    return is_good ? Step::More : Step::Failed;
  }
  Request authorize(Slot& slot) {
    slot.verifier = random_text();
    Request request;
    request.method = "GET";
    request.path = options_.path_prefix + "/authorize?response_type=code&client_id=" + options_.client_id +
                   "&redirect_uri=" + escaped(options_.redirect_uri) + "&scope=" + escaped(options_.scope) +
                   "&state=load&acr_values=3gpp:acr:password" + "&code_challenge=" + challenge_of(slot.verifier) +
                   "&code_challenge_method=S256";
    return request;
  }
  Request credentials(Slot& slot) {
    std::string username = options_.username;
    if (options_.users > 1) username += std::to_string(options_.first_user + user_++ * kStride % options_.users);
    Request request = form_post(options_.path_prefix + "/sign-in", "interaction=" + escaped(slot.interaction) +
                                                                       "&username=" + escaped(username) +
                                                                       "&password=" + escaped(options_.password));
    request.headers.push_back({"cookie", slot.cookie});
    return request;
  }
  Request redeem(Slot& slot) {
    return form_post(options_.path_prefix + "/token", "grant_type=authorization_code&client_id=" + options_.client_id +
                                                          "&redirect_uri=" + escaped(options_.redirect_uri) +
                                                          "&code=" + slot.code + "&code_verifier=" + slot.verifier);
  }

  ScenarioOptions options_;
  bool refreshes_;
  std::vector<Slot> slots_;
  std::ofstream tokens_out_;
  std::size_t user_ = 0;
};

// An access token of the next user; empty when he got none.
std::string user_token(SignIn& sign_in, const Exchange& exchange) {
  Answer answer;
  Step step = Step::More;
  while (step == Step::More) {  // bounded: page, credentials, tokens
    answer = exchange(sign_in.next(0));
    step = sign_in.finish(0, answer);
  }
  return step == Step::Done ? member_of(answer.body, "access_token") : std::string();
}

// Tokens made before the run, the server's own or, with `of_users`, of users who signed in; each request asks about the next.
class Introspect final : public Scenario {
 public:
  Introspect(const ScenarioOptions& options, bool of_users)
      : path_(options.path_prefix + "/introspect"),
        wanted_(options.tokens),
        of_users_(of_users),
        issue_(options),
        sign_in_(options, false),
        authorization_(basic(options.server_client_id, options.server_client_secret)) {}
  Request next(std::size_t) override {
    Request request = form_post(path_, "token=" + tokens_[position_++ % tokens_.size()]);
    request.headers.push_back({"authorization", authorization_});
    return request;
  }
  Step finish(std::size_t, const Answer& answer) override {
    return step_of(answer.status, answer.status == 200 && answer.body.starts_with("{\"active\":true"));
  }
  bool prepare(const Exchange& exchange) {
    while (tokens_.size() < wanted_) {
      std::string token =
          of_users_ ? user_token(sign_in_, exchange) : member_of(exchange(issue_.next(0)).body, "access_token");
      if (token.empty()) return false;
      tokens_.push_back(std::move(token));
    }
    return true;
  }

 private:
  std::string path_;
  std::size_t wanted_;
  bool of_users_;
  ClientCredentials issue_;
  SignIn sign_in_;
  std::string authorization_;
  std::vector<std::string> tokens_;
  std::size_t position_ = 0;
};

// Users sign in before the run and have their keys made; then each asks for them again: KM-UU's delivery (TS 33.180 D.2).
class Keys final : public Scenario {
 public:
  explicit Keys(const ScenarioOptions& options)
      : path_(options.kms_path + "/keyprov"), wanted_(options.tokens), sign_in_(options, false) {}
  Request next(std::size_t) override { return request_of(tokens_[position_++ % tokens_.size()]); }
  Step finish(std::size_t, const Answer& answer) override { return step_of(answer.status, has_keys(answer)); }
  bool prepare(const Exchange& exchange) {
    while (tokens_.size() < wanted_) {
      std::string token = user_token(sign_in_, exchange);
      if (token.empty() || !has_keys(exchange(request_of(token)))) return false;
      tokens_.push_back(std::move(token));
    }
    return true;
  }

 private:
  Request request_of(const std::string& token) const {
    Request request;
    request.path = path_;
    request.headers.push_back({"authorization", "Bearer " + token});
    return request;
  }
  static bool has_keys(const Answer& answer) {
    return answer.status == 200 && answer.body.find("UserDecryptKey") != std::string::npos;
  }

  std::string path_;
  std::size_t wanted_;
  SignIn sign_in_;
  std::vector<std::string> tokens_;
  std::size_t position_ = 0;
};

}  // namespace

std::unique_ptr<Scenario> make_scenario(const ScenarioOptions& options) {
  if (options.name == "introspect") return std::make_unique<Introspect>(options, false);
  if (options.name == "introspect-users") return std::make_unique<Introspect>(options, true);
  if (options.name == "client-credentials") return std::make_unique<ClientCredentials>(options);
  if (options.name == "refresh") return std::make_unique<SignIn>(options, true);
  if (options.name == "sign-in") return std::make_unique<SignIn>(options, false);
  if (options.name == "keys") return std::make_unique<Keys>(options);
  if (options.name.starts_with("keys-")) return make_keys_scenario(options);
  if (options.name == "discovery") {
    Request request;
    request.method = "GET";
    request.path = options.path_prefix + "/.well-known/openid-configuration";
    return std::make_unique<Fixed>(std::move(request), 200);
  }
  return nullptr;
}

bool prepare_scenario(Scenario& scenario, const Exchange& exchange, std::string& why) {
  auto* keys = dynamic_cast<Keys*>(&scenario);
  if (keys != nullptr && !keys->prepare(exchange)) {
    why = "no keys for a user who signed in: is there a KMS, and are the user's name and password right?";
    return false;
  }
  auto* introspect = dynamic_cast<Introspect*>(&scenario);
  if (introspect == nullptr || introspect->prepare(exchange)) return true;
  why = "the broker gave no access token for the server client: are its id and secret right?";
  return false;
}

}  // namespace claviger::load
