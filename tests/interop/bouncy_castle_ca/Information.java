import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.ASN1EncodableVector;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.cmp.CMPCertificate;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CRLSource;
import org.bouncycastle.asn1.cmp.CRLStatus;
import org.bouncycastle.asn1.cmp.CertReqTemplateContent;
import org.bouncycastle.asn1.cmp.GenMsgContent;
import org.bouncycastle.asn1.cmp.GenRepContent;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.RootCaKeyUpdateContent;
import org.bouncycastle.asn1.crmf.AttributeTypeAndValue;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.CertTemplateBuilder;
import org.bouncycastle.asn1.crmf.Controls;
import org.bouncycastle.asn1.sec.SECObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CRLHolder;
import org.bouncycastle.cert.X509CertificateHolder;

/** Answers to genm (RFC 9483, section 4.3). */
final class Information {
    /** id-it 20: the root of which an update is wanted. */
    private static final ASN1ObjectIdentifier ROOT_CA_CERT = CMPObjectIdentifiers.id_it_rootCaCert;
    private static final AlgorithmIdentifier P256 =
        new AlgorithmIdentifier(X9ObjectIdentifiers.id_ecPublicKey, SECObjectIdentifiers.secp256r1);

    private final Authority authority;
    private final Row row;

    Information(Authority authority, Row row) {
        this.authority = authority;
        this.row = row;
    }

    PKIBody answer(PKIBody body) throws No {
        if (row.switches.has("refuse")) {
            throw new No(row.switches.reason("refuse"), "as the test wants it");
        }
        List<InfoTypeAndValue> answers = new ArrayList<>();
        for (InfoTypeAndValue asked : GenMsgContent.getInstance(body.getContent()).toInfoTypeAndValueArray()) {
            row.say("asks for " + asked.getInfoType());
            answers.add(one(asked));
        }
        return new PKIBody(PKIBody.TYPE_GEN_REP, new GenRepContent(answers.toArray(new InfoTypeAndValue[0])));
    }

    private InfoTypeAndValue one(InfoTypeAndValue asked) throws No {
        ASN1ObjectIdentifier type = asked.getInfoType();
        if (type.equals(CMPObjectIdentifiers.id_it_caCerts)) {
            return new InfoTypeAndValue(type, sequence(
                authority.root.certificate, authority.intermediate.certificate, authority.issuing(false).certificate));
        }
        if (type.equals(ROOT_CA_CERT)) {
            return newRoot(asked);
        }
        if (type.equals(CMPObjectIdentifiers.id_it_certReqTemplate)) {
            return new InfoTypeAndValue(type, new CertReqTemplateContent(template(), keys()));
        }
        if (type.equals(CMPObjectIdentifiers.id_it_crlStatusList)) {
            return new InfoTypeAndValue(CMPObjectIdentifiers.id_it_crls, newerLists(asked));
        }
        if (type.equals(CMPObjectIdentifiers.it_signKeyPairTypes)) {
            return new InfoTypeAndValue(type, new DERSequence(P256));
        }
        if (type.equals(CMPObjectIdentifiers.it_currentCRL)) {
            return new InfoTypeAndValue(type, authority.crl().toASN1Structure());
        }
        throw new No(PKIFailureInfo.badRequest, "nothing is known about " + type);
    }

    private InfoTypeAndValue newRoot(InfoTypeAndValue asked) throws No {
        ASN1ObjectIdentifier update = CMPObjectIdentifiers.id_it_rootCaKeyUpdate;
        if (asked.getInfoValue() != null) {
            X509CertificateHolder old =
                new X509CertificateHolder(CMPCertificate.getInstance(asked.getInfoValue()).getX509v3PKCert());
            row.say("has root " + old.getSubject());
        }
        if (row.switches.has("no-new-root")) {
            return new InfoTypeAndValue(update);
        }
        Holder old = authority.oldRoot;
        Holder linked = row.switches.has("bad-link") ? authority.intermediate : old;
        return new InfoTypeAndValue(update, new RootCaKeyUpdateContent(
            certificate(authority.root.certificate), certificate(authority.link(authority.root, linked)),
            certificate(authority.link(old, authority.root))));
    }

    /** The common name is the client's to choose, the organisation is not (RFC 9483, section 4.3.3). */
    private static CertTemplate template() {
        X500NameBuilder subject = new X500NameBuilder();
        subject.addRDN(BCStyle.O, "Chopmark Interop");
        subject.addRDN(BCStyle.CN, "");
        return new CertTemplateBuilder().setSubject(subject.build()).build();
    }

    private static ASN1Sequence keys() {
        return (ASN1Sequence) new Controls(new AttributeTypeAndValue[] {
            new AttributeTypeAndValue(CMPObjectIdentifiers.id_regCtrl_algId, P256),
            new AttributeTypeAndValue(CMPObjectIdentifiers.id_regCtrl_rsaKeyLen, new ASN1Integer(2048)),
        }).toASN1Primitive();
    }

    /** Ours, unless the client has one as new. */
    private DERSequence newerLists(InfoTypeAndValue asked) {
        X509CRLHolder current = authority.crl();
        ASN1EncodableVector lists = new ASN1EncodableVector();
        for (var one : ASN1Sequence.getInstance(asked.getInfoValue())) {
            CRLStatus status = CRLStatus.getInstance(one);
            if (!ours(status.getSource(), current)) {
                continue;
            }
            row.say("has a list: " + (status.getThisUpdate() == null ? "no" : "of " + status.getThisUpdate()));
            if (status.getThisUpdate() == null || status.getThisUpdate().getDate().before(current.getThisUpdate())) {
                lists.add(current.toASN1Structure());
            }
        }
        return new DERSequence(lists);
    }

    private static boolean ours(CRLSource source, X509CRLHolder list) {
        GeneralNames issuer = source.getIssuer();
        return issuer != null && issuer.getNames()[0].equals(new GeneralName(list.getIssuer()));
    }

    private static CMPCertificate certificate(X509CertificateHolder certificate) {
        return new CMPCertificate(certificate.toASN1Structure());
    }

    private static DERSequence sequence(X509CertificateHolder... certificates) {
        ASN1EncodableVector all = new ASN1EncodableVector();
        for (X509CertificateHolder one : certificates) {
            all.add(certificate(one));
        }
        return new DERSequence(all);
    }
}
