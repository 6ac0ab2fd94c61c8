// Against SoftHSM: what a KeyStore makes, finds and signs; what it says when the token is away, slow, locked or another.
#include "core/pkcs11/key_store.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "tests/core/pkcs11/soft_token.h"
#include "tests/storage/run_task.h"

namespace claviger::pkcs11 {
namespace {

using crypto::SignatureAlgorithm;
using storage::run_task;

struct KeyStoreTest : ::testing::Test {
  SoftToken token;
  ManualClock clock;
  Logger logger;
  runtime::Shards shards{1, clock, logger, SipKey{1, 2}};
  std::unique_ptr<KeyStore> store = std::make_unique<KeyStore>(token.options());

  ~KeyStoreTest() override { store->close(); }
  template <typename T>
  T wait(runtime::Task<T> task) {
    return run_task(shards[0], std::move(task));
  }
  void look() {
    wait(look_once());
  }
  runtime::Task<bool> look_once() {
    co_await store->look();
    co_return true;
  }
  static runtime::Task<void> sign_into(KeyStore* from, crypto::VerifyKey key, Result<std::string>* into, bool* is_done) {
    *into = co_await from->sign("key", key, "input");
    *is_done = true;
  }
  Result<std::string> sign(const std::string& label, const crypto::VerifyKey& key) { return wait(store->sign(label, key, "input")); }
};

TEST_F(KeyStoreTest, MakesFindsAndSignsWithEveryAlgorithm) {
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: not connected yet");
  EXPECT_TRUE(wait(store->find_pair("x")).failed_with(Code::KeyStoreMissing));
  look();
  EXPECT_EQ(store->why_not_ready(), "");
  for (const auto algorithm : {SignatureAlgorithm::Es256, SignatureAlgorithm::EdDsa, SignatureAlgorithm::Rs256}) {
    const std::string label = "key-" + std::string(crypto::name_of(algorithm));
    EXPECT_TRUE(wait(store->find_pair(label)).failed_with(Code::NotFound));
    const auto made = wait(store->make_pair(label, algorithm));
    ASSERT_TRUE(made) << label << ' ' << name_of(made.error().code) << ' ' << made.error().where;
    EXPECT_EQ(made->algorithm(), algorithm);
    EXPECT_TRUE(wait(store->make_pair(label, algorithm)).failed_with(Code::Duplicate));
    const auto found = wait(store->find_pair(label));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->thumbprint(), made->thumbprint());
    const auto signature = sign(label, *found);
    ASSERT_TRUE(signature);
    crypto::VerifyContext verifying;
    EXPECT_TRUE(found->verify(verifying, as_bytes("input"), as_bytes(*signature)));
    EXPECT_FALSE(found->verify(verifying, as_bytes("other"), as_bytes(*signature)));
  }
  // A key under a label that is not the one that we know: nothing it signs leaves.
  const auto es256 = wait(store->find_pair("key-ES256"));
  const auto other = wait(store->make_pair("other", SignatureAlgorithm::Es256));
  ASSERT_TRUE(es256 && other);
  EXPECT_TRUE(sign("other", *es256).failed_with(Code::KeyStoreFailure));
  EXPECT_EQ(store->why_not_ready(), "");
  EXPECT_TRUE(sign("none", *es256).failed_with(Code::KeyStoreMissing));
  EXPECT_TRUE(wait(store->find_pair("")).failed_with(Code::NotFound));
  EXPECT_TRUE(wait(store->find_pair(std::string(kLabelBytesMax + 1, 'x'))).failed_with(Code::NotFound));
}

TEST_F(KeyStoreTest, RefusesKeysThatAreWeakOrWrong) {
  look();
  token.make_pem("rsa1024", "RSA -pkeyopt rsa_keygen_bits:1024");
  token.make_pem("p384", "EC -pkeyopt ec_paramgen_curve:P-384");
  token.make_pem("p256", "EC -pkeyopt ec_paramgen_curve:P-256");
  token.import_pem(token.path("rsa1024.pem"), "rsa1024", "01");
  token.import_pem(token.path("p384.pem"), "p384", "02");
  token.import_pem(token.path("p256.pem"), "p256", "03");
  store = std::make_unique<KeyStore>(token.options());
  look();
  EXPECT_TRUE(wait(store->find_pair("rsa1024")).failed_with(Code::KeyWeak));
  EXPECT_TRUE(wait(store->find_pair("p384")).failed_with(Code::KeyType));
  const auto good = wait(store->find_pair("p256"));
  EXPECT_TRUE(good) << name_of(good.error().code) << ' ' << good.error().where;
  token.import_pem(token.path("p256.pem"), "p256", "04");
  EXPECT_TRUE(wait(store->find_pair("p256")).has_value());  // handles are remembered
  store = std::make_unique<KeyStore>(token.options());
  look();
  EXPECT_TRUE(wait(store->find_pair("p256")).failed_with(Code::Duplicate));
}

TEST_F(KeyStoreTest, ATokenThatGoesComesBack) {
  look();
  const auto key = wait(store->make_pair("key", SignatureAlgorithm::Es256));
  ASSERT_TRUE(key);
  store->want("key");
  EXPECT_TRUE(store->check_key("key"));
  token.take_away();
  EXPECT_TRUE(sign("key", *key).failed_with(Code::KeyStoreMissing));
  EXPECT_TRUE(store->check_key("key").failed_with(Code::KeyStoreMissing));
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token fails");
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token is missing");
  EXPECT_TRUE(sign("key", *key).failed_with(Code::KeyStoreMissing));
  token.bring_back();
  look();
  EXPECT_EQ(store->why_not_ready(), "");
  EXPECT_TRUE(sign("key", *key));
  // Nobody signs, and the look finds out.
  token.take_away();
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token is missing");
}

TEST_F(KeyStoreTest, AKeyThatIsMissingIsAReasonNotToBeReady) {
  store->want("key");
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token lacks a key");
  EXPECT_TRUE(store->check_key("key").failed_with(Code::KeyStoreMissing));
  EXPECT_TRUE(store->check_key("other"));
  ASSERT_TRUE(wait(store->make_pair("key", SignatureAlgorithm::Es256)));
  look();
  EXPECT_EQ(store->why_not_ready(), "");
  store->want("another");
  look();
  store->want_no_longer("another");
  EXPECT_EQ(store->why_not_ready(), "");
}

// The token would lock itself.
TEST_F(KeyStoreTest, AWrongPinIsTriedOnce) {
  token.set_pin("9999");
  for (int i = 0; i < 8; ++i) {
    look();
    EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token refuses the PIN");
  }
  token.set_pin("5678");
  look();
  EXPECT_EQ(store->why_not_ready(), "");
}

TEST_F(KeyStoreTest, APinThatOthersCanReadIsNotUsed) {
  std::filesystem::permissions(token.pin_file(), std::filesystem::perms::group_read, std::filesystem::perm_options::add);
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the PIN file cannot be used");
  std::filesystem::remove(token.pin_file());
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the PIN file cannot be used");
}

TEST_F(KeyStoreTest, NoSuchModuleOrToken) {
  KeyStoreOptions wrong = token.options();
  wrong.module_file = "/nowhere.so";
  store = std::make_unique<KeyStore>(wrong);
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the module cannot be used");
  store->close();
  wrong = token.options();
  wrong.token = "another";
  store = std::make_unique<KeyStore>(wrong);
  look();
  EXPECT_EQ(store->why_not_ready(), "PKCS #11: the token is missing");
}

// Whatever the token takes, the shard goes on.
TEST_F(KeyStoreTest, ASlowTokenHoldsNobodyElse) {
  look();
  const auto key = wait(store->make_pair("key", SignatureAlgorithm::Es256));
  ASSERT_TRUE(key);
  token.hold_signatures();
  bool is_signed = false;
  Result<std::string> signature = Error{Code::Internal, "test"};
  int turns = 0;
  shards[0].run_until([&] {
    if (++turns == 2) shards[0].scope().spawn(sign_into(store.get(), *key, &signature, &is_signed));
    return turns == 100;
  });
  EXPECT_FALSE(is_signed);
  token.let_signatures_go();
  shards[0].run_until([&is_signed] { return is_signed; });
  EXPECT_TRUE(signature);
}

TEST_F(KeyStoreTest, WrapsAndUnwraps) {
  look();
  const std::string plain = "0123456789abcdef0123456789abcdef";
  EXPECT_TRUE(wait(store->wrap("kek", "place", SecretBytes(as_bytes(plain)))).failed_with(Code::NotFound));
  token.make_aes_key("kek");
  store->close();
  store = std::make_unique<KeyStore>(token.options());
  look();
  const auto wrapped = wait(store->wrap("kek", "place", SecretBytes(as_bytes(plain))));
  ASSERT_TRUE(wrapped) << name_of(wrapped.error().code) << ' ' << wrapped.error().where;
  EXPECT_EQ(wrapped->find(plain), std::string::npos);
  const auto back = wait(store->unwrap("kek", "place", *wrapped));
  ASSERT_TRUE(back) << name_of(back.error().code) << ' ' << back.error().where;
  EXPECT_TRUE(back->equals(as_bytes(plain)));
  EXPECT_TRUE(wait(store->unwrap("kek", "elsewhere", *wrapped)).failed_with(Code::SealBroken));
  std::string changed = *wrapped;
  changed.back() ^= 1;
  EXPECT_TRUE(wait(store->unwrap("kek", "place", changed)).failed_with(Code::SealBroken));
  EXPECT_TRUE(wait(store->unwrap("kek", "place", "short")).failed_with(Code::SealBroken));
  EXPECT_EQ(store->why_not_ready(), "");
}

}  // namespace
}  // namespace claviger::pkcs11
