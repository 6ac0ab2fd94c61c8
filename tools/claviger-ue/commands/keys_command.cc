#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>

#include "tools/claviger-ue/commands/commands.h"
#include "tools/claviger-ue/key_intake.h"
#include "tools/claviger-ue/kms_client.h"

namespace claviger::ue {
namespace {

struct Wanted {
  std::string uri;
  std::string at;  // Unix seconds; empty: now
  bool asks_anew = false;
  bool is_offline = false;
};

Result<Unit> keep_certificates(KeyRing& ring, Journal& journal, const KmsResponse& response) {
  for (const KmsCertificate& each : response.certificates) {
    CLAVIGER_TRY(good, domain_of(each));
    CLAVIGER_TRY(kept, ring.keep(each));
    std::string text = "certificate of " + each.kms_uri + (each.role.empty() ? "" : ", " + each.role);
    if (!each.cert_uri.empty()) text += ", " + each.cert_uri;
    text += each.is_revoked ? ": REVOKED" : ": points on their curves";
    journal.detail(text);
  }
  return Unit{};
}

// Durable before the next request uses them: the KMS drops the former key when it sees the new one.
Result<Unit> take_new_shared_keys(Account& account, const KmsResponse& response) {
  KeyRing ring(account.vault());
  for (const SharedKey& each : response.new_transport_keys) {
    CLAVIGER_TRY(kept, ring.keep_shared_key("trk", each));
    account.journal().detail("new TrK " + each.id + ", taken up");
  }
  for (const SharedKey& each : response.new_integrity_keys) {
    CLAVIGER_TRY(kept, ring.keep_shared_key("ink", each));
    account.journal().detail("new InK " + each.id + ", taken up");
  }
  if (response.new_transport_keys.empty() && response.new_integrity_keys.empty()) return Unit{};
  return account.vault().save();
}

// Unix seconds as the 16 digits of an NTP timestamp (clause D.2.4).
std::string ntp_of(const std::string& unix_seconds) {
  if (unix_seconds.empty()) return {};
  constexpr std::uint64_t kFrom1900To1970 = 2'208'988'800;
  const std::uint64_t seconds = std::strtoull(unix_seconds.c_str(), nullptr, 10) + kFrom1900To1970;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%08X00000000", static_cast<unsigned>(seconds & 0xFFFF'FFFFU));
  return text.data();
}

// The KMS gives none any more: with `--at` those of that period, else those of now and later.
Result<Unit> forget(Account& account, const Wanted& wanted) {
  RevokedKeys revoked;
  revoked.user_uri = wanted.uri.empty() ? account.identity() : wanted.uri;
  revoked.kms_uri = account.setting("kms_uri");
  revoked.is_one_period = !wanted.at.empty();
  revoked.unix_time = revoked.is_one_period ? std::strtoll(wanted.at.c_str(), nullptr, 10) : std::time(nullptr);
  CLAVIGER_TRY(count, forget_key_sets(account.vault(), revoked));
  account.journal().result("keys of " + revoked.user_uri + ": REVOKED, " + std::to_string(count) + " no longer kept");
  return Unit{};
}

Result<Unit> fetch(Account& account, const Wanted& wanted) {
  Journal& journal = account.journal();
  KeyRing ring(account.vault());
  KmsClient kms(account);
  CLAVIGER_TRY(init, kms.init());
  journal.step(std::string("init: the KMS's certificate came") + (init.is_signed ? ", signed" : ""));
  CLAVIGER_TRY(root, keep_certificates(ring, journal, init));
  CLAVIGER_TRY(news, take_new_shared_keys(account, init));

  CLAVIGER_TRY(cache, kms.certificate_cache(wanted.asks_anew ? std::string() : ring.cache_number()));
  journal.step("certcache: " + std::to_string(cache.certificates.size()) + " certificates are new");
  CLAVIGER_TRY(others, keep_certificates(ring, journal, cache));
  if (cache.cache_number) {
    CLAVIGER_TRY(number, ring.keep_cache_number(*cache.cache_number));
  }

  const auto provided = kms.key_provision(wanted.uri, ntp_of(wanted.at));
  if (provided.failed_with(Code::KeysRevoked)) {
    CLAVIGER_TRY(forgotten, forget(account, wanted));
  }
  if (!provided) return provided.error();
  const KmsResponse& keys = *provided;
  journal.step("keyprov: " + std::to_string(keys.key_sets.size()) +
               (keys.key_sets.size() == 1 ? " key set came" : " key sets came") + (keys.is_signed ? ", signed" : ""));
  CLAVIGER_TRY(more, take_new_shared_keys(account, keys));
  CLAVIGER_TRY(good, take_key_sets(account.vault(), journal, keys));
  CLAVIGER_TRY(saved, account.vault().save());
  journal.step("sealed them");
  const std::size_t revoked = keys.key_sets.size() - good;
  journal.result("keys of " + account.identity() + ": " + std::to_string(good) + " good" +
                 (revoked == 0 ? std::string() : ", " + std::to_string(revoked) + " revoked"));
  return Unit{};
}

Result<Unit> list(Account& account) {
  KeyRing ring(account.vault());
  Journal& journal = account.journal();
  for (const KmsCertificate& each : ring.certificates()) {
    journal.result("certificate  " + each.kms_uri + "  " + each.cert_uri + "  " +
                   (each.is_revoked ? "revoked" : each.role));
  }
  const std::string uri = account.identity();
  for (const KeySet& each : ring.key_sets(uri)) {
    journal.result("keys         " + each.user_uri + "  period " + std::to_string(each.period) + "  " + each.cert_uri);
  }
  for (const char* kind : {"trk", "ink"}) {
    const SharedKey key = ring.shared_key(kind);
    if (key.has_value()) journal.result(std::string(kind) + "          " + key.id);
  }
  return Unit{};
}

Result<Unit> look_up(Account& account, const std::string& uri) {
  KmsClient kms(account);
  CLAVIGER_TRY(answer, kms.lookup(uri));
  for (const std::string& each : answer.kms_uris) account.journal().result(each);
  return Unit{};
}

Result<Unit> fetch_certificate(Account& account, const std::string& kms_uri) {
  KmsClient kms(account);
  CLAVIGER_TRY(answer, kms.certificate(kms_uri));
  KeyRing ring(account.vault());
  CLAVIGER_TRY(kept, keep_certificates(ring, account.journal(), answer));
  if (answer.certificates.empty()) return Error{Code::KmsUnknown, "cert"};
  for (const KmsCertificate& each : answer.certificates) account.journal().result(each.kms_uri + "  " + each.cert_uri);
  return account.vault().save();
}

}  // namespace

void add_keys(CLI::App& app, CommandLine& line) {
  auto wanted = std::make_shared<Wanted>();
  CLI::App* command =
      app.add_subcommand("keys", "Fetch the user's keys from the KMS, check them, keep them; revoked ones go");
  command->add_option("--uri", wanted->uri, "for this identity instead of the user's own");
  command->add_option("--at", wanted->at, "for the period of this time (Unix seconds)")->check(CLI::NonNegativeNumber);
  command->add_flag("--anew", wanted->asks_anew, "ask for all certificates, known or not");
  command->add_flag("--list", wanted->is_offline, "ask nobody: show what is here");
  command->callback([wanted, &line] {
    with_account(line, "keys",
                 [&](Account& account) { return wanted->is_offline ? list(account) : fetch(account, *wanted); });
  });

  auto uri = std::make_shared<std::string>();
  CLI::App* lookup = app.add_subcommand("lookup", "Ask which KMSs a user's keys come from");
  lookup->add_option("URI", *uri, "MC service ID")->required();
  lookup->callback(
      [uri, &line] { with_account(line, "lookup", [&](Account& account) { return look_up(account, *uri); }); });

  auto kms_uri = std::make_shared<std::string>();
  CLI::App* cert = app.add_subcommand("cert", "Fetch the certificate of one KMS");
  cert->add_option("KMS-URI", *kms_uri, "its identifier")->required();
  cert->callback([kms_uri, &line] {
    with_account(line, "cert", [&](Account& account) { return fetch_certificate(account, *kms_uri); });
  });
}

}  // namespace claviger::ue
