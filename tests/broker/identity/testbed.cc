#include "tests/broker/identity/testbed.h"

#include "broker/identity/authenticators/password_length.h"
#include "broker/tokens/tenant_keys.h"
#include "core/codec/base64url.h"
#include "core/codec/form.h"
#include "core/codec/json_reader.h"
#include "core/codec/percent.h"
#include "core/crypto/jwk.h"
#include "core/crypto/random.h"

namespace claviger::identity {
namespace {

using runtime::Task;

class SentStorage final : public http::RequestStorage {
 public:
  explicit SentStorage(Sent sent) : sent_(std::move(sent)) {}
  const Sent& sent() const { return sent_; }

 private:
  Sent sent_;
};

storage::SealerOptions no_sealing(storage::Store& store, runtime::OffloadPool& pool) {
  storage::SealerOptions options;
  options.store = &store;
  options.tables = broker::table_options();
  options.data_keys = broker::tables::kDataKeys;
  options.file_pool = &pool;
  options.shards = 1;
  return options;
}

std::string token_header(std::string_view kid, std::string_view typ) {
  const std::string json =
      "{\"alg\":\"ES256\",\"kid\":\"" + std::string(kid) + "\",\"typ\":\"" + std::string(typ) + "\"}";
  std::string text;
  codec::base64url_encode(as_bytes(json), text);
  return text;
}

}  // namespace

Reply reply_of(http::Response response) {
  Reply reply;
  reply.status = response.status;
  reply.content_type = response.content_type;
  reply.cache_control = response.cache_control;
  for (const http::ResponseHeader& header : response.headers) reply.headers.emplace_back(header.name, header.value);
  reply.body = http::text_of(response.body);
  return reply;
}

std::string Reply::header(std::string_view name) const {
  for (const auto& [its_name, value] : headers) {
    if (its_name == name) return value;
  }
  return {};
}

std::string member_of(const std::string& json, std::string_view name) {
  codec::JsonReader reader;
  const auto value = reader.parse(json);
  if (!value) return {};
  const auto object = value->as_object();
  if (!object) return {};
  const auto found = object->find(name);
  if (!found) return {};
  if (const auto text = found->as_string()) return std::string(*text);
  if (const auto number = found->as_int()) return std::to_string(*number);
  if (const auto truth = found->as_bool()) return *truth ? "true" : "false";
  return "?";
}

std::string Reply::member(std::string_view name) const { return member_of(body, name); }

std::string Reply::redirected(std::string_view name) const {
  const std::string location = header("location");
  const std::size_t question = location.find('?');
  if (question == std::string::npos) return {};
  const auto form = codec::parse_form(std::string_view(location).substr(question + 1));
  if (!form) return "unreadable";
  return std::string(form->find(name).value_or(std::string_view()));
}

std::string hidden_interaction(const std::string& html) {
  const std::string_view begin = "name=\"interaction\" value=\"";
  const std::size_t at = html.find(begin);
  if (at == std::string::npos) return member_of(html, "interaction");
  const std::size_t from = at + begin.size();
  return html.substr(from, html.find('"', from) - from);
}

std::string claims_of(const std::string& jwt) {
  const std::size_t first = jwt.find('.');
  const std::size_t second = jwt.find('.', first + 1);
  const std::string payload = jwt.substr(first + 1, second - first - 1);
  std::string json(codec::base64url_decoded_size_max(payload.size()), '\0');
  const auto size = codec::base64url_decode(payload, std::as_writable_bytes(std::span(json)));
  EXPECT_TRUE(size.has_value());
  json.resize(size ? *size : 0);
  return json;
}

namespace {

std::shared_ptr<const tokens::TenantKeys> make_keys() {
  auto generated = crypto::SigningKey::generate(crypto::SignatureAlgorithm::Es256);
  EXPECT_TRUE(generated.has_value());
  auto signing = std::make_shared<const crypto::SigningKey>(*std::move(generated));
  tokens::TenantKey key;
  key.kid = signing->kid();
  key.state = tokens::KeyState::Active;
  key.verifying = signing->verify_key();
  key.access_token_header = token_header(key.kid, "at+jwt");
  key.id_token_header = token_header(key.kid, "JWT");
  key.key = signing;
  auto keys = std::make_shared<tokens::TenantKeys>();
  std::vector<crypto::Jwk> published{{key.kid, *key.verifying}};
  keys->keys.push_back(std::move(key));
  keys->active = &keys->keys.front();
  keys->jwks = crypto::write_jwks(published);
  keys->jwks_etag = "\"tag\"";
  auto verifying = tokens::KeySet::make(std::string(kIssuer), std::move(published));
  EXPECT_TRUE(verifying.has_value());
  keys->verifying = *verifying;
  return keys;
}

Task<Result<broker::TenantViews>> give(broker::TenantViews views) { co_return views; }

Task<http::Response> refuse(std::uint16_t status) { co_return http::Response(status); }

}  // namespace

TestBroker::TestBroker(std::size_t shards, std::size_t hash_queue_max)
    : shards_(shards, clock_, logger_, SipKey{1, 2}),
      store_(broker::table_options(), clock_),
      hash_pool_("hash", 2, hash_queue_max),
      work_pool_("work", 1, 16),
      sealer_(no_sealing(store_, work_pool_)),
      publisher_(
          shards_[0], settings_,
          [this](broker::Context* on) {
            if (load_) return load_(on);
            broker::TenantViews views;
            views.emplace(tenant_.name, broker::TenantView{tenant_, tenant_keys_});
            return give(std::move(views));
          },
          [](broker::Context& on) { on.tokens->follow_snapshot(); }) {
  for (Secret<32>* key : {&keys_.refresh, &keys_.client, &keys_.interaction, &keys_.audit}) {
    EXPECT_TRUE(crypto::fill_random(key->reveal_for_writing()).has_value());
  }
  settings_->argon2 = {8, 1, 1};  // the least that Argon2 allows: microseconds
  settings_->limits.cached_tokens_max = 4096;
  settings_->public_origin = "https://idms.alpha.example";
  tenant_.name = "alpha";
  tenant_.display_name = "Alpha <Agency>";
  tenant_.issuer = kIssuer;
  tenant_.scope_audiences = tenants::default_scope_audiences(kIssuer);
  tenant_.default_audience = std::string(kIssuer) + "/servers/default";
  tenant_keys_ = make_keys();
  peer_.address = "192.0.2.1";
  peer_.is_tls = true;
  auto first = std::make_shared<broker::Snapshot>();
  first->settings = settings_;
  for (std::size_t i = 0; i < shards; ++i) {
    contexts_.push_back(std::unique_ptr<broker::Context>(new broker::Context{shards_[i],
                                                                             store_,
                                                                             sealer_,
                                                                             hash_pool_,
                                                                             work_pool_,
                                                                             keys_,
                                                                             publisher_,
                                                                             contexts_,
                                                                             first,
                                                                             std::make_unique<broker::Figures>(),
                                                                             {},
                                                                             {}}));
  }
  add_identity_routes(router_, contexts_);
}

void TestBroker::fill_context(std::size_t index) {
  auto made = tokens::TokenShard::create(*context(index));
  EXPECT_TRUE(made.has_value());
  context(index)->tokens = *std::move(made);
  context(index)->identity = std::make_unique<IdentityShard>(*context(index));
}

Testbed::Testbed(std::size_t hash_queue_max) : TestBroker(1, hash_queue_max) {
  fill_context(0);
  publish();
}

// Tasks go before what they use.
Testbed::~Testbed() {
  shard().scope().cancel();
  run_turns(4);
}

ManyShards::ManyShards(std::size_t shards) : TestBroker(shards, 64) {
  for (std::size_t i = 0; i < shards; ++i) fill_context(i);
  shards_.start();
  const auto published = wait_on(0, [this] { return publisher_.publish(context()); });
  EXPECT_TRUE(published.has_value());
}

ManyShards::~ManyShards() { shards_.stop_and_join(); }

// The answer's slices go back to the shard's pool, so it is copied and dropped there.
Task<Reply> ManyShards::send_on(std::size_t index, Sent sent) {
  http::Response response = co_await start(std::move(sent), index);
  co_return reply_of(std::move(response));
}

std::future<Reply> ManyShards::begin_send(std::size_t index, const Sent& sent) {
  return begin_on(index, [this, index, sent] { return send_on(index, sent); });
}

void Testbed::publish() {
  const auto published = wait(publisher_.publish(context()));
  EXPECT_TRUE(published.has_value());
}

void Testbed::run_turns(int count) {
  shard().run_until([count]() mutable { return count-- == 0; });
}

http::Request TestBroker::request(const Sent& sent, std::size_t on) {
  auto kept = std::make_unique<SentStorage>(sent);
  http::Request request;
  request.method = sent.method;
  const std::string_view target = kept->sent().target;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  if (question != std::string_view::npos) request.query = target.substr(question + 1);
  for (const auto& [field, value] : kept->sent().fields) request.add(field, {name_of(field), value});
  request.body = Slice::copy_of(shard(on).slabs(), as_bytes(sent.body));
  request.peer = &peer_;
  request.storage = std::move(kept);
  return request;
}

Task<http::Response> TestBroker::start(Sent sent, std::size_t on) {
  http::Request asked = request(sent, on);
  http::Match match = router_.match(asked.method, asked.path);
  if (match.route == nullptr) return refuse(match.allow.empty() ? std::uint16_t{404} : std::uint16_t{405});
  return match.route->handler(std::move(asked), std::move(match.values));
}

const http::InlineHandler* TestBroker::inline_handler(http::Method method, std::string_view path) const {
  const http::Match match = router_.match(method, path);
  return match.route == nullptr ? nullptr : &match.route->inline_handler;
}

Reply Testbed::send(const Sent& sent) { return send_together({sent}).front(); }

std::vector<Reply> Testbed::send_together(const std::vector<Sent>& sent) {
  std::vector<std::optional<http::Response>> out(sent.size());
  shard().run_until([&, turn = 0]() mutable {
    if (turn++ == 1) {
      for (std::size_t i = 0; i < sent.size(); ++i) {
        shard().scope().spawn(storage::keep_result(start(sent[i]), &out[i]));
      }
    }
    return std::ranges::all_of(out, [](const auto& one) { return one.has_value(); });
  });
  std::vector<Reply> replies;
  for (auto& one : out) replies.push_back(reply_of(*std::move(one)));
  return replies;
}

std::unique_ptr<Pending> Testbed::begin(const Sent& sent) {
  auto pending = std::make_unique<Pending>();
  constexpr int kTurnsToSettle = 8;
  shard().run_until([&, turn = 0]() mutable {
    if (turn == 1) pending->scope.spawn(storage::keep_result(start(sent), &pending->response));
    return turn++ == kTurnsToSettle;
  });
  return pending;
}

Reply Testbed::finish(Pending& pending) {
  shard().run_until([&] { return pending.response.has_value(); });
  return reply_of(*std::move(pending.response));
}

void Testbed::send_and_drop(const Sent& sent, int turns) {
  Pending pending;
  shard().run_until([&, turn = 0]() mutable {
    if (turn == 1) pending.scope.spawn(storage::keep_result(start(sent), &pending.response));
    return turn++ > turns;
  });
  shard().run_until([&, turn = 0]() mutable {
    if (turn == 0) pending.scope.cancel();
    return turn++ == 8;
  });
}

std::optional<http::Response> Testbed::send_inline(const Sent& sent) {
  std::optional<http::Response> response;
  shard().run_until([&, turn = 0]() mutable {
    if (turn++ == 1) {
      http::Request asked = request(sent);
      const http::Match match = router_.match(asked.method, asked.path);
      asked.path_values = &match.values;
      if (match.route != nullptr && match.route->inline_handler) response = match.route->inline_handler(asked);
    }
    return turn == 3;
  });
  return response;
}

User Testbed::add_user(std::string login, std::string password) {
  UserDraft draft;
  draft.login = std::move(login);
  draft.display_name = "Ann";
  draft.mc_id = "sip:" + draft.login + "@alpha.example";
  draft.mcptt_id = "sip:" + draft.login + ".ptt@alpha.example";
  // Who comes with a short one stands for those of before there was a least length.
  if (password.size() < kPasswordLengthDefault) {
    EXPECT_TRUE(wait(write_password_length(context(), "alpha", 1)).has_value());
  }
  draft.password = SecretBytes(as_bytes(password));
  auto user = wait(create_user(context(), "alpha", std::move(draft)));
  EXPECT_TRUE(user.has_value());
  return *std::move(user);
}

CreatedClient Testbed::add_client(ClientDraft draft) {
  auto client = wait(create_client(context(), "alpha", std::move(draft)));
  EXPECT_TRUE(client.has_value()) << (client ? "" : claviger::name_of(client.error().code));
  return *std::move(client);
}

Client Testbed::add_public_client(ClientProfile profile) {
  ClientDraft draft;
  draft.client_id = profile == ClientProfile::Plain ? "app" : "mc-app";
  draft.profile = profile;
  draft.redirect_uris = {std::string(kRedirect)};
  draft.may_code = true;
  return add_client(std::move(draft)).client;
}

Reply Testbed::sign_in(std::string_view query, std::string_view login, std::string_view password) {
  const Reply page = send(get("/idms/v1/alpha/authorize?" + std::string(query)));
  EXPECT_EQ(page.status, 200) << page.body << page.header("location");
  const std::string cookie = page.header("set-cookie");
  Sent form = post_form("/idms/v1/alpha/sign-in", "interaction=" + hidden_interaction(page.body) +
                                                      "&username=" + escaped(login) + "&password=" + escaped(password));
  form.fields.emplace_back(http::Field::Cookie, cookie.substr(0, cookie.find(';')));
  return send(form);
}

Reply Testbed::sign_in_for_tokens(std::string_view client_id, std::string_view scope) {
  const Reply signed_in = sign_in(authorize_query(client_id, scope), "ann", "correct horse");
  const std::string code = signed_in.redirected("code");
  EXPECT_FALSE(code.empty()) << signed_in.status << signed_in.body << signed_in.header("location");
  return send(post_form("/idms/v1/alpha/token", "grant_type=authorization_code&client_id=" + std::string(client_id) +
                                                    "&code=" + code + "&redirect_uri=" + escaped(kRedirect) +
                                                    "&code_verifier=" + std::string(kVerifier)));
}

Sent get(std::string target) { return {http::Method::Get, std::move(target)}; }

Sent post_form(std::string target, std::string body) {
  Sent sent{http::Method::Post, std::move(target)};
  sent.fields.emplace_back(http::Field::ContentType, "application/x-www-form-urlencoded");
  sent.body = std::move(body);
  return sent;
}

std::string basic_field(std::string_view client_id, std::string_view secret) {
  std::string joined;
  codec::percent_encode(client_id, joined);
  joined += ':';
  codec::percent_encode(secret, joined);
  std::string field = "Basic ";
  codec::base64_encode(as_bytes(joined), field);
  return field;
}

Sent with_basic(Sent sent, std::string_view client_id, std::string_view secret) {
  sent.fields.emplace_back(http::Field::Authorization, basic_field(client_id, secret));
  return sent;
}

std::string escaped(std::string_view text) {
  std::string out;
  codec::percent_encode(text, out);
  return out;
}

std::string authorize_query(std::string_view client_id, std::string_view scope) {
  return "response_type=code&client_id=" + std::string(client_id) + "&redirect_uri=" + escaped(kRedirect) +
         "&scope=" + escaped(scope) + "&state=st%26te&nonce=n1&acr_values=" + escaped("3gpp:acr:password") +
         "&code_challenge=" + std::string(kChallenge) + "&code_challenge_method=S256";
}

}  // namespace claviger::identity
