// A token of SoftHSM in a folder of its own, behind the breakable module; gone at the end of the test.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/pkcs11/key_store.h"

namespace claviger::pkcs11 {

class SoftToken {
 public:
  SoftToken() {
    std::string folder = ::testing::TempDir() + "claviger-token-XXXXXX";
    EXPECT_NE(mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    std::filesystem::create_directory(folder_ + "/tokens");
    write(folder_ + "/softhsm2.conf", "directories.tokendir = " + folder_ + "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n");
    setenv("SOFTHSM2_CONF", (folder_ + "/softhsm2.conf").c_str(), 1);
    setenv("CLAVIGER_TEST_TOKEN_AWAY", (folder_ + "/away").c_str(), 1);
    setenv("CLAVIGER_TEST_TOKEN_SLOW", (folder_ + "/slow").c_str(), 1);
    set_pin("5678");
    run("softhsm2-util --init-token --free --label claviger --so-pin 1234 --pin 5678");
  }
  SoftToken(const SoftToken&) = delete;
  SoftToken& operator=(const SoftToken&) = delete;
  ~SoftToken() { std::filesystem::remove_all(folder_); }

  KeyStoreOptions options(std::size_t sessions = 2) const {
    return {std::string(CLAVIGER_BINARY_DIR) + "/bin/breakable_pkcs11.so", "claviger", pin_file(), sessions};
  }
  std::string pin_file() const { return folder_ + "/pin"; }
  std::string path(const std::string& name) const { return folder_ + "/" + name; }
  void set_pin(const std::string& pin) {
    std::filesystem::remove(pin_file());
    write(pin_file(), pin + "\n");
    std::filesystem::permissions(pin_file(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  void take_away() { write(folder_ + "/away", ""); }
  void bring_back() { std::filesystem::remove(folder_ + "/away"); }
  void hold_signatures() { write(folder_ + "/slow", ""); }
  void let_signatures_go() { std::filesystem::remove(folder_ + "/slow"); }
  // As an operator brings a key into the token.
  void import_pem(const std::string& file, const std::string& label, const std::string& id) {
    run("softhsm2-util --import " + file + " --token claviger --pin 5678 --label " + label + " --id " + id);
  }
  // path("<name>.pem"), by `openssl genpkey -algorithm <kind>`.
  void make_pem(const std::string& name, const std::string& kind) const {
    run("openssl genpkey -algorithm " + kind + " -out " + path(name + ".pem"));
  }
  void make_aes_key(const std::string& label) const {
    // As text: softhsm2-util reads a key up to the first newline or zero.
    run("openssl rand -hex 16 | tr -d '\\n' | tee " + path("aes"));
    run("softhsm2-util --import " + path("aes") + " --aes --token claviger --pin 5678 --label " + label + " --id 0a");
  }
  static void run(const std::string& command) { EXPECT_EQ(std::system((command + " > /dev/null 2>&1").c_str()), 0) << command; }

 private:
  static void write(const std::string& file, const std::string& text) { std::ofstream(file) << text; }
  std::string folder_;
};

}  // namespace claviger::pkcs11
