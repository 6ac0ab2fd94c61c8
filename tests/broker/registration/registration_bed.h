// A broker without a daemon as tests/broker/keys/kms_bed.h, with a Registrar on a port that the kernel chooses, and requests as
// values: what a SIP message asks for once its text is gone.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/registration/change.h"
#include "broker/registration/client_server_keys.h"
#include "broker/registration/csk_opener.h"
#include "broker/registration/notifier.h"
#include "broker/registration/procedures.h"
#include "broker/registration/registrar.h"
#include "tests/broker/keys/kms_bed.h"

namespace claviger::registration {

inline constexpr std::string_view kImpu = "sip:ann@ims.alpha.example";
inline constexpr std::string_view kPsi = "sip:as.alpha.example";

inline settings::Sip sip_settings() {
  settings::Sip sip;
  sip.tenant = "alpha";
  sip.psi = kPsi;
  return sip;
}

class RegistrationBed : public keys::KmsBed {
 public:
  explicit RegistrationBed(settings::Sip sip = sip_settings()) : registrar_(contexts_, std::move(sip)) {
    registrar_.use_kms(kms());
    EXPECT_TRUE(wait(registrar_.start([] {})).has_value());
  }
  ~RegistrationBed() { EXPECT_TRUE(wait(stop(&registrar_))); }

  Registrar* registrar() { return &registrar_; }
  Registrar::Contexts& contexts() { return contexts_; }
  void advance(std::int64_t seconds) { clock().advance(std::chrono::seconds(seconds)); }

  // Begins it from the loop, and returns; its outcome comes when it comes.
  template <typename T>
  void begin_task(runtime::Task<T> task, std::optional<T>* outcome) {
    run_until([&, turn = 0]() mutable {
      if (turn++ == 1) shard().scope().spawn(storage::keep_result(std::move(task), outcome));
      return turn > 1;
    });
  }
  // Something that is no task, as the loop would call it.
  void call(UniqueFunction<void()> what) {
    run_until([&] {
      what();
      return true;
    });
  }

  Code register_at(std::uint32_t expires = 3600, std::string_view impu = kImpu,
                   std::string_view s_cscf = "sip:127.0.0.1:1;transport=tcp") {
    auto request = std::make_shared<RegisterRequest>();
    request->impu = impu;
    request->expires = expires;
    request->s_cscf = s_cscf;
    return code_of(wait(register_identity(&registrar_, std::move(request))));
  }
  Authorisation authorisation(std::string client, std::string_view user = keys::kAnn) {
    Authorisation one;
    one.service = "mcptt";
    one.client_id = std::move(client);
    one.facts.mc_service_id = user;
    one.facts.issued_at = now();
    one.facts.expires_at = now() + 300;
    return one;
  }
  PublishRequest publication(std::string_view impu = kImpu) {
    PublishRequest one;
    one.impu = impu;
    one.settings = ServiceSettings();
    return one;
  }
  Result<PublishOutcome> publish_it(PublishRequest one) {
    return wait(registration::publish(&registrar_, std::make_shared<const PublishRequest>(std::move(one))));
  }
  Result<PublishOutcome> authorise(std::string client, std::string_view user = keys::kAnn) {
    PublishRequest one = publication();
    one.authorisation = authorisation(std::move(client), user);
    return publish_it(std::move(one));
  }
  // The client as it stands; of version 0: it never was.
  Binding binding(std::string client, std::string_view user = keys::kAnn) {
    return *wait(read_binding(&registrar_, {std::string(user), "mcptt", std::move(client)}));
  }
  bool has_access(std::string client, std::string_view user = keys::kAnn) {
    const auto states = wait(client_states(&registrar_, std::string(user), "mcptt", std::move(client)));
    return states && states->size() == 1 && states->front().has_full_access;
  }

  template <typename T>
  static Code code_of(const Result<T>& result) {
    return result ? Code::Closed : result.error().code;  // Closed: nothing here fails with it
  }

 private:
  static runtime::Task<bool> stop(Registrar* registrar) {
    co_await registrar->stop();
    co_return true;
  }
  Registrar registrar_;
};

}  // namespace claviger::registration
