#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <sstream>

#include "core/codec/base64url.h"
#include "core/codec/hex.h"
#include "core/crypto/mikey/key_id.h"
#include "tools/claviger-ue/commands/commands.h"
#include "tools/claviger-ue/key_ring.h"

namespace claviger::ue {
namespace {

struct Outgoing {
  std::string to;
  std::string to_kms;
  std::string kind = "pck";
  std::string file;
  bool shows_identities = false;
};
struct Incoming {
  std::string from;
  std::string file;
};

Result<mikey::NtpSeconds> ntp_now() {
  return mikey::to_ntp(std::chrono::sys_seconds(std::chrono::seconds(unix_now())));
}

mikey::EccsiUserKey signing_key(const KeySet& set) {
  mikey::EccsiUserKey key;
  std::ranges::copy(set.ssk.reveal(), key.ssk.reveal_for_writing().begin());
  key.pvt = set.pvt;
  return key;
}

// Our own keys of this moment: the newest certificate that we have keys under.
struct Own {
  KmsCertificate certificate;
  mikey::KmsDomain domain;
  KeySet keys;
};
Result<Own> own_keys(Account& account, mikey::NtpSeconds now) {
  KeyRing ring(account.vault());
  std::vector<KeySet> sets = ring.key_sets(account.identity());
  std::ranges::reverse(sets);
  for (KeySet& set : sets) {
    auto certificate = ring.find_certificate(set.cert_uri, set.kms_uri);
    if (!certificate || certificate->is_revoked) continue;
    CLAVIGER_TRY(domain, domain_of(*certificate));
    const auto period = domain.periods.number_at(now);
    if (period && *period == set.period) return Own{*std::move(certificate), std::move(domain), std::move(set)};
  }
  return Error{Code::KeyPeriod, "send.keys"};
}

Result<Unit> write_out(Account& account, const std::string& file, Bytes message) {
  std::string text;
  codec::base64_encode(message, text);
  if (file.empty() || file == "-") {
    account.journal().result(text);
    return Unit{};
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text << '\n';
  out.close();
  if (!out) return Error{Code::Io, "send.file"};
  return Unit{};
}

std::string hex_id(std::uint32_t id) {
  std::array<std::byte, 4> bytes{};
  store_be(MutableBytes(bytes), id);
  std::string text;
  codec::hex_encode(bytes, text);
  return text;
}

// Of an application that goes on to use it, in hex in the environment, where no list of processes shows it; else a fresh one.
Result<mikey::SharedSecret> key_to_send() {
  const char* const given = std::getenv("CLAVIGER_UE_SENT_KEY");
  if (given == nullptr) return crypto::random_bytes<mikey::kSharedSecretBytes>();
  mikey::SharedSecret key;
  const auto size = codec::hex_decode(given, key.reveal_for_writing());
  if (!size || *size != mikey::kSharedSecretBytes) return Error{Code::BadValue, "send.key"};
  return key;
}

Result<Unit> send(Account& account, const Outgoing& wanted) {
  Journal& journal = account.journal();
  if (wanted.file.empty() || wanted.file == "-") journal.hush();
  KeyRing ring(account.vault());
  CLAVIGER_TRY(now, ntp_now());
  CLAVIGER_TRY(own, own_keys(account, now));
  const auto theirs =
      wanted.to_kms.empty() ? ring.certificate_for(wanted.to) : ring.find_certificate({}, wanted.to_kms);
  if (!theirs && !wanted.to_kms.empty()) return Error{Code::KmsUnknown, "send.certificate"};
  CLAVIGER_TRY(receiver, domain_of(theirs ? *theirs : own.certificate));
  CLAVIGER_TRY(key, key_to_send());
  const bool is_group = wanted.kind == "gmk";
  CLAVIGER_TRY(id, mikey::random_key_id(is_group               ? mikey::KeyPurpose::Gmk
                                        : wanted.kind == "csk" ? mikey::KeyPurpose::Csk
                                                               : mikey::KeyPurpose::Pck));
  const mikey::EccsiUserKey signing = signing_key(own.keys);
  std::array<std::byte, mikey::kRandBytesMin> random{};
  CLAVIGER_TRY(filled, crypto::fill_random(random));
  mikey::IMessageContent content;
  content.csb_id = id;
  content.time = now;
  content.random = random;
  content.initiator_uri = own.keys.user_uri;
  content.responder_uri = wanted.to;
  content.hides_identities = !wanted.shows_identities;
  const mikey::GroupKeyMessage group{id, now, own.keys.user_uri, wanted.to, {}};
  auto built = is_group ? mikey::build_group_key_message(group, own.domain, signing, receiver, key)
                        : mikey::build_i_message(content, own.domain, signing, receiver, key);
  if (!built) return built.error();
  journal.step("built an I_MESSAGE of " + std::to_string(built->size()) + " octets");
  journal.detail("from " + own.keys.user_uri + " of " + own.domain.uri);
  journal.detail("to   " + wanted.to + " of " + receiver.uri);
  journal.detail("key  " + wanted.kind + " " + hex_id(id) + ", fingerprint " + fingerprint(key.reveal()));
  return write_out(account, wanted.file, *built);
}

constexpr std::size_t kTextMax = 4 * mikey::kIMessageBytesMax;

Result<std::vector<std::byte>> read_in(const std::string& file) {
  std::ostringstream text;
  if (file.empty() || file == "-") {
    text << std::cin.rdbuf();
  } else {
    std::ifstream in(file, std::ios::binary);
    if (!in) return Error{Code::Unreadable, "open.file"};
    text << in.rdbuf();
  }
  std::string read = text.str();
  if (read.empty() || read.size() > kTextMax) return Error{Code::BadValue, "open.file"};
  // A message begins with its version, 1; base64 of one never does.
  if (read.front() == '\x01') {
    const Bytes bytes = as_bytes(read);
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }
  std::erase_if(read, [](char each) { return each == '\n' || each == '\r' || each == ' '; });
  std::vector<std::byte> bytes(read.size());
  CLAVIGER_TRY(size, codec::base64_decode(read, bytes));
  bytes.resize(size);
  return bytes;
}

struct Opened {
  mikey::OpenedIMessage message;
};

// Each pair of certificates, as after a rotation a KMS URI has more than one.
Result<Opened> open_with(Bytes message, const std::vector<mikey::KmsDomain>& domains,
                         mikey::IMessageReceiver receiver) {
  Error last{Code::KmsUnknown, "open.certificates"};
  for (const mikey::KmsDomain& from : domains) {
    for (const mikey::KmsDomain& to : domains) {
      if (&from != &to && from.uri == to.uri) continue;
      const std::array<mikey::KmsDomain, 2> pair{from, to};
      receiver.domains = pair;
      auto opened = mikey::open_i_message(message, receiver);
      if (opened) return Opened{*std::move(opened)};
      last = opened.error();
    }
  }
  return last;
}

Result<Unit> open(Account& account, const Incoming& wanted) {
  Journal& journal = account.journal();
  CLAVIGER_TRY(bytes, read_in(wanted.file));
  KeyRing ring(account.vault());
  CLAVIGER_TRY(now, ntp_now());
  const std::string uri = account.identity();
  std::vector<mikey::Rsk> rsks;
  std::vector<mikey::Uid> uids;
  for (const KeySet& set : ring.key_sets(uri)) {
    rsks.emplace_back(std::span<const std::byte, mikey::kSakkePointBytes>(set.rsk.reveal()));
    uids.push_back(set.user_id);
  }
  std::vector<mikey::ReceiverKey> keys;
  for (std::size_t i = 0; i < rsks.size(); ++i) keys.push_back({uids[i], &rsks[i]});
  std::vector<mikey::KmsDomain> domains;
  for (const KmsCertificate& each : ring.certificates()) {
    if (each.is_revoked) continue;
    CLAVIGER_TRY(domain, domain_of(each));
    domains.push_back(std::move(domain));
  }
  mikey::IMessageReceiver receiver{uri, {}, keys, now, wanted.from};
  CLAVIGER_TRY(opened, open_with(bytes, domains, receiver));
  const mikey::OpenedIMessage& message = opened.message;
  journal.step("opened an I_MESSAGE of " + std::to_string(bytes.size()) + " octets: signature and key are good");
  std::string uid;
  codec::hex_encode(message.initiator_uid, uid);
  const Bytes sender = message.view.identity(mikey::MikeyRole::Initiator);
  journal.detail("from " + (!wanted.from.empty() ? wanted.from
                            : sender.empty()     ? "UID " + uid
                                                 : std::string(as_text(sender))));
  const std::string id = hex_id(message.view.csb_id);
  CLAVIGER_TRY(kept, account.vault().put("received/" + id, message.key.reveal()));
  CLAVIGER_TRY(saved, account.vault().save());
  journal.result("key " + id + ", fingerprint " + fingerprint(message.key.reveal()));
  return Unit{};
}

}  // namespace

void add_messages(CLI::App& app, CommandLine& line) {
  auto outgoing = std::make_shared<Outgoing>();
  CLI::App* send_command = app.add_subcommand("send", "Make a fresh key and encrypt it to somebody in an I_MESSAGE");
  send_command->add_option("TO", outgoing->to, "MC service ID of the receiver")->required();
  send_command->add_option("--to-kms", outgoing->to_kms, "identifier of his KMS; by his domain, or ours, without this");
  send_command->add_option("--kind", outgoing->kind, "what the key is for")
      ->check(CLI::IsMember({"pck", "csk", "gmk"}));
  send_command->add_option("--out", outgoing->file, "write it here instead of standard output (base64)");
  send_command->add_flag("--show-identities", outgoing->shows_identities, "URIs in the message instead of UIDs");
  send_command->callback(
      [outgoing, &line] { with_account(line, "send", [&](Account& account) { return send(account, *outgoing); }); });

  auto incoming = std::make_shared<Incoming>();
  CLI::App* open_command = app.add_subcommand("open", "Open an I_MESSAGE: check who signed it, decrypt its key");
  open_command->add_option("FILE", incoming->file, "the message, raw or base64; standard input without this");
  open_command->add_option("--from", incoming->from, "MC service ID of whom it must be from");
  open_command->callback(
      [incoming, &line] { with_account(line, "open", [&](Account& account) { return open(account, *incoming); }); });
}

}  // namespace claviger::ue
