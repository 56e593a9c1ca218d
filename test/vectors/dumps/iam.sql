-- MySQL dump 10.13  Distrib 8.0.36, for Linux (x86_64)
/*!50503 SET NAMES utf8mb4 */;
CREATE TABLE `schema_version` (
  `version_rank` int(11) NOT NULL,
  `version` varchar(50) NOT NULL,
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `schema_version` VALUES (1,'1'),(2,'105'),(3,'100000');
CREATE TABLE `iam_account` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `active` tinyint(1) NOT NULL DEFAULT '0',
  `CREATIONTIME` datetime NOT NULL,
  `PASSWORD` varchar(128) DEFAULT NULL,
  `USERNAME` varchar(128) NOT NULL,
  `UUID` varchar(36) NOT NULL,
  `user_info_id` bigint(20) DEFAULT NULL,
  `reset_key` varchar(36) DEFAULT NULL,
  `end_time` datetime DEFAULT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_account` VALUES
  (1,1,'2024-01-01 00:00:00','hunter2','ada','uuid-ada',1,'reset-me',NULL),
  (2,1,'2024-01-02 00:00:00',NULL,'bob','uuid-bob',2,NULL,'2025-01-01 00:00:00'),
  (3,0,'2024-01-03 00:00:00',NULL,'ina','uuid-ina',3,NULL,NULL),
  (4,1,'2024-01-04 00:00:00',NULL,'zoe','uuid-zoe',4,NULL,NULL);
CREATE TABLE `iam_user_info` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `EMAIL` varchar(128) NOT NULL,
  `FAMILYNAME` varchar(64) NOT NULL,
  `GIVENNAME` varchar(64) NOT NULL,
  `NICKNAME` varchar(255) DEFAULT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_user_info` VALUES (1,'ada@small.example','Lovelace','Ada','al'),(2,'shared@small.example','Bob','Bob',NULL),(3,'ina@small.example','Ctive','Ina',NULL),(4,'shared@small.example','Zoé','Zoé',NULL);
CREATE TABLE `iam_x509_cert` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `subject_dn` varchar(256) DEFAULT NULL,
  `LABEL` varchar(36) NOT NULL,
  `is_primary` tinyint(1) DEFAULT '0',
  `ACCOUNT_ID` bigint(20) DEFAULT NULL,
  `CERTIFICATE` text,
  `issuer_dn` varchar(256) DEFAULT NULL,
  `creation_time` datetime NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_x509_cert` VALUES
  (1,'CN=Ada,O=Small,C=IT','first',1,1,NULL,'CN=CA,O=Small,C=IT','2024-01-01 00:00:00'),
  (2,'1.2.840.113549.1.9.1=#160f616461406578616d706c652e636f6d,CN=Ada\\, Countess,OU=a/b,O=Small,C=IT','second',0,1,NULL,'CN=CA,O=Small,C=IT','2024-01-01 00:00:00'),
  (3,'CN=Bob,O=Small,C=IT','first',1,2,NULL,'CN=CA,O=Small,C=IT','2024-01-01 00:00:00'),
  (4,'CN=Ina,O=Small,C=IT','first',1,3,NULL,'CN=CA,O=Small,C=IT','2024-01-01 00:00:00'),
  (5,'no DN at all','odd',0,4,NULL,'CN=CA,O=Small,C=IT','2024-01-01 00:00:00'),
  (6,'CN=Ada,O=Small,C=IT','other CA',0,1,NULL,'CN=Other CA,O=Small,C=IT','2024-01-01 00:00:00');
CREATE TABLE `iam_group` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `DESCRIPTION` varchar(512) DEFAULT NULL,
  `name` varchar(512) NOT NULL,
  `UUID` varchar(36) NOT NULL,
  `parent_group_id` bigint(20) DEFAULT NULL,
  `default_group` tinyint(1) NOT NULL DEFAULT '0',
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_group` VALUES (1,'the VO','small','g-small',NULL,1),(2,NULL,'small/G1','g-g1',1,0),(3,NULL,'small/G1/R1','g-r1',2,0),(4,'by name only','small/opt','g-opt',1,0),(5,NULL,'Elsewhere','g-else',NULL,0),(6,NULL,'small/G1/R1/below','g-below',3,0),(7,NULL,'small/R1','g-r1-root',1,0);
CREATE TABLE `iam_group_labels` (
  `NAME` varchar(64) NOT NULL,
  `PREFIX` varchar(256) DEFAULT NULL,
  `val` varchar(64) DEFAULT NULL,
  `group_id` bigint(20) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_group_labels` VALUES ('voms.role',NULL,NULL,3),('wlcg.optional-group',NULL,NULL,3),('wlcg.optional-group',NULL,NULL,4),('voms.role',NULL,NULL,7),('voms.role','somebody',NULL,2);
CREATE TABLE `iam_group_attrs` (
  `NAME` varchar(64) NOT NULL,
  `val` varchar(256) DEFAULT NULL,
  `group_id` bigint(20) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_group_attrs` VALUES ('quota','10',2);
CREATE TABLE `iam_account_attrs` (
  `NAME` varchar(64) NOT NULL,
  `val` varchar(256) DEFAULT NULL,
  `account_id` bigint(20) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_account_attrs` VALUES ('nickname','ada',1),('empty',NULL,1);
CREATE TABLE `iam_account_labels` (
  `NAME` varchar(64) NOT NULL,
  `PREFIX` varchar(256) DEFAULT NULL,
  `val` varchar(64) DEFAULT NULL,
  `account_id` bigint(20) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_account_labels` VALUES ('id','voms.small','1',1),('id','voms.other','2',1);
CREATE TABLE `iam_account_group` (
  `account_id` bigint(20) NOT NULL,
  `group_id` bigint(20) NOT NULL,
  `creation_time` datetime DEFAULT NULL,
  `end_time` datetime DEFAULT NULL,
  PRIMARY KEY (`account_id`,`group_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_account_group` VALUES (1,1,NULL,NULL),(1,2,'2024-01-01 00:00:00','2025-01-01 00:00:00'),(1,3,NULL,NULL),(1,4,NULL,NULL),(1,5,NULL,NULL),(1,7,NULL,NULL),(2,1,NULL,NULL),(3,1,NULL,NULL);
CREATE TABLE `iam_aup` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `creation_time` datetime NOT NULL,
  `description` varchar(128) DEFAULT NULL,
  `last_update_time` datetime NOT NULL,
  `name` varchar(36) NOT NULL,
  `sig_validity_days` bigint(20) NOT NULL,
  `text` longtext,
  `url` varchar(256) DEFAULT NULL,
  `aup_reminders_days` varchar(128) NOT NULL DEFAULT '30,15,1',
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_aup` VALUES (1,'2024-01-01 00:00:00','be good','2025-06-01 00:00:00','default-aup',365,NULL,'https://small.example/aup','30,15,1');
CREATE TABLE `iam_aup_signature` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `signature_time` datetime NOT NULL,
  `account_id` bigint(20) DEFAULT NULL,
  `aup_id` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_aup_signature` VALUES (1,'2025-07-01 00:00:00',1,1),(2,'2025-05-01 00:00:00',2,1);
CREATE TABLE `iam_authority` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `auth` varchar(128) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_authority` VALUES (1,'ROLE_ADMIN'),(2,'ROLE_USER'),(3,'ROLE_GM:g-g1');
CREATE TABLE `iam_account_authority` (
  `account_id` bigint(20) NOT NULL,
  `authority_id` bigint(20) NOT NULL,
  PRIMARY KEY (`account_id`,`authority_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_account_authority` VALUES (1,1),(1,2),(2,3);
CREATE TABLE `iam_group_request` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `UUID` varchar(36) NOT NULL,
  `ACCOUNT_ID` bigint(20) DEFAULT NULL,
  `GROUP_ID` bigint(20) DEFAULT NULL,
  `STATUS` varchar(50) DEFAULT NULL,
  `NOTES` text,
  `MOTIVATION` text,
  `CREATIONTIME` timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_group_request` VALUES (1,'r-1',2,2,'PENDING','a note','please','2025-01-01 00:00:00');
CREATE TABLE `iam_totp_mfa` (
  `ID` bigint(20) NOT NULL AUTO_INCREMENT,
  `secret` varchar(255) NOT NULL,
  PRIMARY KEY (`ID`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `iam_totp_mfa` VALUES (1,'totp-secret');
CREATE TABLE `access_token` (
  `id` bigint(20) NOT NULL AUTO_INCREMENT,
  `token_value` varchar(4096) DEFAULT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
INSERT INTO `access_token` VALUES (1,'bearer-me');
-- Dump completed on 2026-01-01  0:00:00
