// A broker without sockets as tests/broker/identity/authenticators/sealing_bed.h, with a KMS "kms.alpha.example" and the
// user "ann", who has an MC service ID for push-to-talk.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/keys/domain_procedures.h"
#include "broker/keys/kms.h"
#include "broker/keys/kms_endpoint.h"
#include "broker/keys/user_procedures.h"
#include "tests/broker/identity/authenticators/sealing_bed.h"

namespace claviger::keys {

inline constexpr std::string_view kAnn = "sip:ann.ptt@alpha.example";
inline constexpr std::string_view kKmsUri = "kms.alpha.example";
inline constexpr std::string_view kOrigin = "https://idms.alpha.example";
inline constexpr std::string_view kRootPath = "/keymanagement/identity/v1/";
inline constexpr std::string_view kKmScope = "openid 3gpp:mc:ptt_key_management_service";

// The text between <name> and </name>, from `from` on; "?" when it is not there.
inline std::string element_of(const std::string& xml, const std::string& name, std::size_t from = 0) {
  const std::size_t open = xml.find("<" + name, from);
  if (open == std::string::npos) return "?";
  const std::size_t begin = xml.find('>', open) + 1;
  return xml.substr(begin, xml.find("</" + name + ">", begin) - begin);
}

class KmsBed : public identity::SealingBed {
 public:
  explicit KmsBed(DomainDraft draft = {}, const MakeStore& make_store = {})
      : SealingBed(make_store), kms_(contexts_, 1, {}) {
    add_kms_routes(router_, contexts_, kms_);
    EXPECT_TRUE(wait(kms_.start()).has_value());
    draft.kms_uri = kKmsUri;
    const auto made = wait(init_domain(&kms_, "alpha", std::move(draft)));
    EXPECT_TRUE(made.has_value()) << (made ? "" : claviger::name_of(made.error().code));
    ann_ = add_user();
    add_public_client();
  }
  ~KmsBed() {
    kms_.close();
    for (const auto& each : restarted_) each->close();
    run_turns(4);  // turns are given back from the loop
  }

  Kms& kms() { return kms_; }
  // As another process has it after a restart: what is durable is all it knows. The routes stay with the first.
  Kms& start_again() {
    restarted_.push_back(std::make_unique<Kms>(contexts_, 1, std::vector<int>()));
    const auto started = wait(restarted_.back()->start());
    EXPECT_TRUE(started.has_value()) << (started ? "" : claviger::name_of(started.error().code));
    return *restarted_.back();
  }
  // What the shard knows; what it points at stays until the next change.
  TenantDomains domains() { return wait(table_of(&kms_)); }
  std::int64_t now() { return numeric_date(shard().wall()); }
  const identity::User& ann() const { return ann_; }

  const std::string& token() {
    if (token_.empty()) token_ = fresh_token(kKmScope);
    return token_;
  }
  std::string fresh_token(std::string_view scope) { return sign_in_for_tokens("app", scope).member("access_token"); }

  identity::Reply post(std::string_view path, std::string body = {}) { return post_as(token(), path, std::move(body)); }
  identity::Reply post_as(const std::string& access_token, std::string_view path, std::string body = {},
                          std::vector<std::pair<http::Field, std::string>> fields = {}) {
    identity::Sent sent{http::Method::Post, std::string(kRootPath) + std::string(path), std::move(fields),
                        std::move(body)};
    if (!access_token.empty()) sent.fields.emplace_back(http::Field::Authorization, "Bearer " + access_token);
    if (!sent.body.empty()) sent.fields.emplace_back(http::Field::ContentType, "application/xml");
    return send(sent);
  }

 private:
  static runtime::Task<TenantDomains> table_of(Kms* kms) { co_return *kms->table()->find("alpha"); }

  Kms kms_;
  std::vector<std::unique_ptr<Kms>> restarted_;
  identity::User ann_;
  std::string token_;
};

}  // namespace claviger::keys
