import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1Object;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cms.CMSObjectIdentifiers;
import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.cms.PasswordRecipientInfo;
import org.bouncycastle.asn1.cms.RecipientInfo;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.asn1.pkcs.PBKDF2Params;
import org.bouncycastle.asn1.pkcs.PKCSObjectIdentifiers;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cms.CMSAlgorithm;
import org.bouncycastle.cms.CMSEnvelopedDataGenerator;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.RecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JcaSignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JceCMSContentEncryptorBuilder;
import org.bouncycastle.cms.jcajce.JceKeyAgreeRecipientInfoGenerator;
import org.bouncycastle.cms.jcajce.JceKeyTransRecipientInfoGenerator;
import org.bouncycastle.operator.GenericKey;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaAlgorithmParametersConverter;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.util.CollectionStore;

/** A key that the CA makes: signed, then enveloped for the one who asked (RFC 9483, section 4.1.6). */
final class KeyGeneration {
    /** id-ct-KP-aKeyPackage (RFC 5958). */
    private static final ASN1ObjectIdentifier KEY_PACKAGE = new ASN1ObjectIdentifier("2.16.840.1.101.2.1.2.78.5");
    private static final int ITERATIONS = 10_000;

    private final Authority authority;
    private final Row row;
    private final KeyPair keys;

    /** `wanted`: null, or a public key that names only its algorithm. */
    KeyGeneration(Authority authority, Row row, SubjectPublicKeyInfo wanted) {
        this.authority = authority;
        this.row = row;
        boolean rsa = wanted != null
            && wanted.getAlgorithm().getAlgorithm().equals(PKCSObjectIdentifiers.rsaEncryption);
        keys = Holder.newKeys(rsa ? Holder.RSA : Holder.EC);
    }

    SubjectPublicKeyInfo publicKey() {
        return SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded());
    }

    EncryptedKey encrypted(Protection.By by, char[] code) throws No {
        try {
            CMSEnvelopedDataGenerator generator = new CMSEnvelopedDataGenerator();
            generator.addRecipientInfoGenerator(
                by.mac() ? key -> forPassword(key, code) : forCertificate(by.certificate()));
            // The content is the SignedData itself, not a ContentInfo around it.
            CMSProcessableByteArray content = new CMSProcessableByteArray(CMSObjectIdentifiers.signedData, signed());
            return new EncryptedKey(EnvelopedData.getInstance(generator.generate(content,
                new JceCMSContentEncryptorBuilder(CMSAlgorithm.AES256_CBC).setProvider("BC").build())
                .toASN1Structure().getContent()));
        } catch (CMSException | IOException | OperatorCreationException | GeneralSecurityException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private byte[] signed() throws CMSException, IOException, OperatorCreationException, GeneralSecurityException {
        Holder generator = authority.keyGenerator(!row.switches.has("kga-without-eku"));
        PrivateKeyInfo key = PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded());
        CMSSignedDataGenerator signing = new CMSSignedDataGenerator();
        Holder signer = row.switches.has("kga-bad-signature") ? authority.answerer(Holder.EC) : generator;
        signing.addSignerInfoGenerator(
            new JcaSignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().setProvider("BC").build())
                .build(signer.signer(), new JcaX509CertificateConverter().getCertificate(generator.certificate)));
        List<X509CertificateHolder> chain = new ArrayList<>(List.of(generator.certificate));
        chain.addAll(generator.chain);
        signing.addCertificates(new CollectionStore<>(chain));
        ASN1Object content = row.switches.has("bare-key") ? key : new DERSequence(key);
        byte[] keyPackage = content.getEncoded(ASN1Encoding.DER);
        return signing.generate(new CMSProcessableByteArray(KEY_PACKAGE, keyPackage), true)
            .toASN1Structure().getContent().toASN1Primitive().getEncoded(ASN1Encoding.DER);
    }

    /** PBKDF2 and AES key wrap (RFC 9481, sections 4.4 and 4.5); Bouncy Castle's own generator can only do RFC 3211. */
    private RecipientInfo forPassword(GenericKey contentKey, char[] code) throws CMSException {
        try {
            byte[] salt = new byte[16];
            new SecureRandom().nextBytes(salt);
            AlgorithmIdentifier prf = new AlgorithmIdentifier(PKCSObjectIdentifiers.id_hmacWithSHA256, DERNull.INSTANCE);
            SecretKey derived = SecretKeyFactory.getInstance("PBKDF2WITHHMACSHA256", "BC")
                .generateSecret(new PBEKeySpec(code, salt, ITERATIONS, 256));
            Cipher wrap = Cipher.getInstance("AESWrap", "BC");
            wrap.init(Cipher.WRAP_MODE, new SecretKeySpec(derived.getEncoded(), "AES"));
            Object raw = contentKey.getRepresentation();
            SecretKey content = raw instanceof SecretKey key ? key : new SecretKeySpec((byte[]) raw, "AES");
            row.say("key for the password");
            return new RecipientInfo(new PasswordRecipientInfo(
                new AlgorithmIdentifier(PKCSObjectIdentifiers.id_PBKDF2, new PBKDF2Params(salt, ITERATIONS, 32, prf)),
                new AlgorithmIdentifier(CMSAlgorithm.AES256_WRAP), new DEROctetString(wrap.wrap(content))));
        } catch (GeneralSecurityException failure) {
            throw new CMSException("password recipient", failure);
        }
    }

    /** Named by its key identifier, as RFC 9483 has it. */
    private RecipientInfoGenerator forCertificate(X509CertificateHolder recipient)
            throws No, GeneralSecurityException {
        PublicKey key = new JcaX509CertificateConverter().setProvider("BC").getCertificate(recipient).getPublicKey();
        byte[] id = Holder.keyIdentifier(recipient);
        if (key.getAlgorithm().equals("RSA")) {
            row.say("key transport");
            return row.switches.has("oaep")
                ? new JceKeyTransRecipientInfoGenerator(id, oaep(), key).setProvider("BC")
                : new JceKeyTransRecipientInfoGenerator(id, key).setProvider("BC");
        }
        if (!key.getAlgorithm().equals("EC") && !key.getAlgorithm().equals("ECDSA")) {
            throw new No(PKIFailureInfo.badAlg, "no key can be sent to a holder of " + key.getAlgorithm());
        }
        row.say("key agreement");
        KeyPair once = Holder.newKeys(Holder.EC);
        return new JceKeyAgreeRecipientInfoGenerator(
            CMSAlgorithm.ECDH_SHA256KDF, once.getPrivate(), once.getPublic(), CMSAlgorithm.AES256_WRAP)
            .addRecipient(id, key).setProvider("BC");
    }

    private static AlgorithmIdentifier oaep() throws GeneralSecurityException {
        return new JcaAlgorithmParametersConverter().getAlgorithmIdentifier(PKCSObjectIdentifiers.id_RSAES_OAEP,
            new javax.crypto.spec.OAEPParameterSpec("SHA-256", "MGF1",
                java.security.spec.MGF1ParameterSpec.SHA256, javax.crypto.spec.PSource.PSpecified.DEFAULT));
    }
}
