#include "broker/named_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <map>
#include <optional>
#include <system_error>

#include "broker/listeners.h"
#include "broker/peers/peers.h"
#include "broker/pem_file.h"
#include "broker/registration/registrar.h"
#include "broker/settings/diameter_settings.h"
#include "broker/settings/settings.h"
#include "broker/settings/sip_settings.h"
#include "core/crypto/certificate.h"
#include "core/net/descriptor.h"

namespace claviger::broker {
namespace {

std::optional<std::string> why_unreadable(const std::string& file) {
  if (file.empty()) return std::nullopt;
  const net::Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const int failure = errno;
  struct stat status {};
  if (!descriptor.is_open()) return file + ": " + std::generic_category().message(failure);
  if (::fstat(descriptor.number(), &status) == 0 && S_ISDIR(status.st_mode)) return file + ": is a folder";
  return std::nullopt;
}

bool holds_certificates(const std::string& file) {
  const auto pem = read_public_pem_file(file, "file");
  const auto found = pem ? crypto::Certificate::from_pem(*pem) : pem.error();
  return found && !found->empty();
}

std::string joined(const TlsFiles& files) {
  std::string all;
  for (const std::string& file : {files.certificate, files.key, files.authorities, files.revoked}) {
    if (!file.empty()) all += (all.empty() ? "" : ", ") + file;
  }
  return all;
}

}  // namespace

std::string fault_of(const TlsFiles& files, const Error& error) {
  for (const std::string& file : {files.certificate, files.key, files.authorities, files.revoked}) {
    if (auto why = why_unreadable(file)) return *std::move(why);
  }
  if (error.where == "tls.certificate_and_key") {
    return files.key + " is not the key of " + files.certificate +
           ", or they are too weak (RSA of less than 2048 bits)";
  }
  if (error.where == "tls.private_key") return files.key + ": no private key in PEM, or one with a password";
  if (error.where.starts_with("tls.crl")) return files.revoked + ": no list of revoked certificates in PEM";
  for (const std::string& file : {files.certificate, files.authorities}) {
    if (!file.empty() && !holds_certificates(file)) return file + ": no certificate in PEM";
  }
  return std::string(error.where) + " (of " + joined(files) + ")";
}

std::vector<FileFault> faults_of_files(const settings::Settings& settings, const settings::DiameterSettings* diameter,
                                       const settings::Sip* sip) {
  std::vector<FileFault> faults;
  std::map<std::string, std::size_t> places;  // in `faults`, by what is wrong
  for (const settings::HttpsListener& listener : settings.https) {
    const auto good = check_listener(listener);
    if (good) continue;
    const TlsFiles files{listener.certificate_file, listener.key_file, listener.client_ca_file,
                         listener.client_crl_file};
    const std::string what = fault_of(files, good.error());
    const std::string name = listener.address + " port " + std::to_string(listener.port);
    const auto [place, is_new] = places.emplace(what, faults.size());
    if (is_new) {
      faults.push_back({"[[https]] " + name + ": " + what, good.error().code});
    } else {
      std::string& text = faults[place->second].text;
      text.insert(text.size() - what.size() - 2, ", " + name);
    }
  }
  if (diameter != nullptr) {
    const auto read = peers::Peers::read_files(*diameter);
    const TlsFiles files{diameter->certificate_file, diameter->key_file, diameter->ca_file, diameter->crl_file};
    if (!read) faults.push_back({"[diameter]: " + fault_of(files, read.error()), read.error().code});
  }
  if (sip != nullptr) {
    const auto read = registration::Registrar::read_files(*sip);
    const TlsFiles files{sip->certificate_file, sip->key_file, sip->ca_file, {}};
    if (!read) faults.push_back({"[sip]: " + fault_of(files, read.error()), read.error().code});
  }
  return faults;
}

}  // namespace claviger::broker
